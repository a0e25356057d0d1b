"use strict";
const $ = (id) => document.getElementById(id);
const LAMPS = { line: "octets come", framing: "telegrams recognised", decryption: "readable", list: "values understood" };
const COUNTERS = [
  ["energy_import_kwh", "Used", "kWh"], ["energy_import_t1_kwh", "Used, tariff 1", "kWh"], ["energy_import_t2_kwh", "Used, tariff 2", "kWh"],
  ["energy_export_kwh", "Delivered", "kWh"], ["energy_export_t1_kwh", "Delivered, tariff 1", "kWh"], ["energy_export_t2_kwh", "Delivered, tariff 2", "kWh"],
  ["reactive_energy_import_kvarh", "Reactive in", "kvarh"], ["reactive_energy_export_kvarh", "Reactive out", "kvarh"],
];
// What the image of a small board may go without, as its file names it.
const ROOMS = { "app/kmppoll": "meters that must be asked (KMP)", "app/tls": "TLS", "lib/payload/metrics": "/metrics", "lib/hanport/_fast": "machine code" };
const UNITS = { value_m3: "m³", value_gj: "GJ", value_kwh: "kWh" };

// At least `digits` decimals, and never fewer than the meter sent.
function number(value, digits) {
  return value === undefined ? "–" : value.toLocaleString(undefined, { minimumFractionDigits: digits, maximumFractionDigits: 3 });
}

function age(seconds) {
  return seconds < 120 ? seconds + " s" : seconds < 7200 ? Math.floor(seconds / 60) + " min" : seconds < 172800 ? Math.floor(seconds / 3600) + " h" : Math.floor(seconds / 86400) + " days";
}

// One line: the meter's own time as sent; a person knows which clock that is.
function time(r) { return r.timestamp ? "meter clock " + r.timestamp.replace("T", " ").slice(0, 19) : ""; }

function rows(list, pairs) {
  list.replaceChildren(...pairs.flatMap(([name, value]) => {
    const dt = document.createElement("dt"), dd = document.createElement("dd");
    dt.textContent = name;
    dd.textContent = value;
    return [dt, dd];
  }));
}

function showPhases(r) {
  const columns = [["Voltage", (n) => [r[`voltage_l${n}_v`], 1, " V"]], ["Current", (n) => [r[`current_l${n}_a`], 2, " A"]],
    ["Power", (n) => { const p = r[`active_power_import_l${n}_w`]; return [p === undefined ? p : p - (r[`active_power_export_l${n}_w`] || 0), 0, " W"]; }]]
    .filter(([, of]) => [1, 2, 3].some((n) => of(n)[0] !== undefined));
  const lines = [1, 2, 3].filter((n) => columns.some(([, of]) => of(n)[0] !== undefined));
  const cells = (row, texts) => texts.forEach((text) => { row.insertCell().textContent = text; });
  const table = document.querySelector("#phases table");
  table.tHead.replaceChildren();
  table.tBodies[0].replaceChildren();
  cells(table.tHead.insertRow(), ["", ...columns.map(([name]) => name)]);
  for (const n of lines) cells(table.tBodies[0].insertRow(), [`L${n}`, ...columns.map(([, of]) => { const [v, d, unit] = of(n); return v === undefined ? "–" : number(v, d) + unit; })]);
  $("phases").hidden = !lines.length;
}

function showReading(r) {
  const used = r.active_power_import_w, sold = r.active_power_export_w;
  $("now").hidden = used === undefined && sold === undefined;
  const selling = sold > 0 && !used;
  $("flow").textContent = selling ? "Delivering now" : "Using now";
  $("power").textContent = number(selling ? sold : used, 0);
  $("clock").textContent = time(r);
  $("who").textContent = [r.meter_manufacturer, r.meter_model, r.meter_id].filter(Boolean).join(" · ");
  showPhases(r);
  const assumed = r.scale_assumed || [];
  const counters = COUNTERS.filter(([key]) => r[key] !== undefined)
    .map(([key, name, unit]) => [name, number(r[key], 3) + " " + unit + (assumed.includes(key) ? " *" : "")]);
  rows(document.querySelector("#energy dl"), counters);
  $("energy").hidden = !counters.length;
  $("assumed").hidden = !counters.some(([, text]) => text.endsWith("*"));
  const others = (r.submeters || []).map((s) => {
    const key = Object.keys(UNITS).find((k) => k in s);
    return [s.medium.replace("_", " ") + (s.id ? " " + s.id : ""), key ? number(s[key], 3) + " " + UNITS[key] : "–"];
  });
  rows(document.querySelector("#others dl"), others);
  $("others").hidden = !others.length;
}

function showStatus(s) {
  const states = Object.values(s.lamps);
  $("sentence").textContent = s.sentence;
  $("sentence").className = s.lamps.list === "good" ? "good" : states.includes("bad") ? "bad" : "";
  $("lamps").replaceChildren(...Object.entries(s.lamps).map(([name, state]) => {
    const li = document.createElement("li");
    li.className = state;
    li.textContent = LAMPS[name] + (state === "good" ? "" : state === "bad" ? ": no" : ": not known yet");
    return li;
  }));
  const faults = Object.values(s.port.faults).reduce((a, b) => a + b, 0);
  rows($("health"), [
    ["Port", s.port.line_settings],
    ["Readings", number(s.port.readings, 0) + (faults ? `, ${number(faults, 0)} faults` : "")],
    ["MQTT", s.mqtt.state + (s.mqtt.error ? ": " + s.mqtt.error : "")],
    ...(s.mqtt.warning ? [["MQTT is open to others", s.mqtt.warning]] : []),
    [s.network.kind, [s.network.state, s.network.address, s.device.rssi_dbm === undefined ? "" : s.device.rssi_dbm + "\u00a0dBm"].filter(Boolean).join(", ")],
    ["Clock", s.clock.source],
    ...(s.device.supply ? [["Supply", s.device.supply + (s.device.vcc_v === undefined ? "" : `, ${number(s.device.vcc_v, 2)} V`)]] : []),
    ...(s.totals ? [["Counters", s.totals]] : []),
    ["Running for", age(s.device.up_s)],
    ...[(s.left_out || []).filter((room) => ROOMS[room]).map((room) => ROOMS[room]).join(", ")].filter(Boolean).map((rooms) => ["Not on this board", rooms]),
  ]);
  for (const dd of $("health").querySelectorAll("dd")) if (s.mqtt.warning === dd.textContent) dd.className = "bad";
  pause = 1000 * (s.device.poll_s || 2);
  $("version").textContent = s.device.name + " " + s.device.version;
}

let pause = 2000; // more when the supply of the device is weak

async function ask(path) {
  const answer = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(8000) });
  if (!answer.ok) throw new Error(answer.status);
  return answer.json();
}

async function refresh() {
  try {
    // One after the other: a small device serves one request at a time.
    showStatus(await ask("/api/status"));
    showReading(await ask("/api/reading"));
  } catch (error) {
    $("sentence").textContent = "The device does not answer; trying again.";
    $("sentence").className = "bad";
  }
  setTimeout(refresh, pause);
}
refresh();
