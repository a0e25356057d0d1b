"use strict";
const $ = (id) => document.getElementById(id);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const FIELDS = ["name", "mqtt_host", "mqtt_port", "mqtt_user", "mqtt_topic"];
const lands = window.Intl && Intl.DisplayNames ? new Intl.DisplayNames(["en"], { type: "region" }) : { of: (code) => code };
let base = "";       // where the device answers: here, or at its address in the home network
let elsewhere = "";  // that address, once known
let worked = "";     // the credentials that the device has tried with success
let there = {};      // what was set before

// One request after the other, with patience: the radio may change its channel while a network is tried.
async function ask(path, body, tries = 4) {
  for (;;) {
    try {
      const options = { cache: "no-store", signal: AbortSignal.timeout ? AbortSignal.timeout(9000) : undefined };
      if (body) Object.assign(options, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
      const answer = await fetch(base + path, options);
      const told = await answer.json();
      if (answer.ok) return told;
      throw Object.assign(new Error(), { problems: told.problems || ["The device refused (" + answer.status + ")."] });
    } catch (error) {
      if (error.problems || --tries <= 0) throw error;
      if (elsewhere && !body) base = base ? "" : elsewhere;
      await sleep(1500);
    }
  }
}

function tell(element, words, kind) {
  element.textContent = words;
  element.className = "told " + (kind || "");
  element.hidden = !words;
}

function say(words, kind) {
  $("sentence").textContent = words;
  $("sentence").className = kind || "";
}

const problem = (error) => error.problems ? error.problems.join(" ") : "The device does not answer. Are you still in its WiFi?";

// Networks
const chosen = () => document.querySelector("#nets input:checked");
const credentials = () => {
  const radio = chosen();
  return { ssid: radio ? radio.value || $("ssid").value : "", password: radio && radio.dataset.open ? "" : $("password").value };
};

function choose() {
  const radio = chosen(), open = Boolean(radio && radio.dataset.open);
  $("other").hidden = !radio || Boolean(radio.value);
  $("secret").hidden = $("showing").hidden = open || !radio;
  $("try").hidden = !radio;
}

function showNetworks(list) {
  // Nothing is chosen for a new device: a list that grows must not have it joined to the wrong network.
  const before = chosen() ? chosen().value : there.wifi_ssid || null;
  const row = (ssid, words, open, rssi) => {
    const label = document.createElement("label"), radio = document.createElement("input"), name = document.createElement("b");
    Object.assign(radio, { type: "radio", name: "net", value: ssid, checked: ssid === before });
    if (open) radio.dataset.open = "1";
    name.textContent = ssid || words;
    label.append(radio, name);
    if (open) label.append(Object.assign(document.createElement("small"), { textContent: "open" }));
    if (rssi !== undefined) {
      const bars = document.createElement("span");
      bars.className = "bars";
      bars.title = rssi + " dBm";
      for (const least of [-100, -78, -68, -58]) bars.append(Object.assign(document.createElement("i"), { className: rssi > least ? "on" : "" }));
      label.append(bars);
    }
    return label;
  };
  $("nets").replaceChildren(...list.map((net) => row(net.ssid, "", net.open, net.rssi)), row("", "Another network …"));
  if (!chosen() && before) {  // set before, and not in reach now
    document.querySelector('#nets input[value=""]').checked = true;
    $("ssid").value = before;
  }
  choose();
}

async function listen() {
  for (;;) {
    try {
      const heard = await ask("/api/scan");
      const told = JSON.stringify(heard.networks);
      if (told !== listen.told && !$("form").hidden) showNetworks(heard.networks);
      listen.told = told;
      await sleep(heard.scanning ? 5000 : 20000);
    } catch (error) {
      await sleep(5000);
    }
    if ($("form").hidden) return;
  }
}

async function tryNetwork() {
  const { ssid, password } = credentials();
  if (!ssid) return tell($("tried"), "Write the name of the network.", "bad");
  $("try").disabled = $("save").disabled = true;
  tell($("tried"), "Trying to join “" + ssid + "” …");
  try {
    let now = await ask("/api/try", { ssid, password, name: $("name").value });
    while (now.state === "trying") {
      await sleep(1000);
      now = await ask("/api/try", undefined, 12);
    }
    const good = now.state === "works";
    tell($("tried"), good ? now.words + " This device has the address " + now.address + " there." : now.words, good ? "good" : "bad");
    worked = good ? JSON.stringify([ssid, password]) : "";
    return good;
  } catch (error) {
    tell($("tried"), problem(error), "bad");
    return false;
  } finally {
    $("try").disabled = $("save").disabled = false;
  }
}

// Country
async function showCountry() {
  const code = $("country").value;
  $("meter").hidden = $("advice").hidden = !code;
  if (!code) return;
  const about = await ask("/api/country?c=" + code);
  if (code !== $("country").value) return;
  $("advice").textContent = about.words;
  $("line").replaceChildren(
    ...about.lines.map((line, at) => new Option(line.replace(" ", " baud, ") + (at ? "" : " (usual in " + lands.of(code) + ")"), line)),
    new Option("as this board is made", "0 "),
    ...(code === "DK" ? [new Option("Kamstrup that must be asked (KMP)", "kmp")] : []));
  $("grid").value = about.values.grid;
  $("grids").hidden = about.values.grid !== "auto";
  if (code === there.country) {  // what was chosen before, usual or not
    const line = there.protocol === "kmp" ? "kmp" : there.baud + " " + there.parity;
    if (![...$("line").options].some((option) => option.value === line)) $("line").append(new Option(line, line));
    $("line").value = line;
    $("grid").value = there.grid;
  }
  $("keys").hidden = about.keys === "no";
  $("keys").open = about.keys === "one" || about.keys === "two";
}

// Saving
function collected() {
  const values = { country: $("country").value, name: $("name").value };
  if (values.country) {
    const line = $("line").value;
    if (line === "kmp") values.protocol = "kmp";
    else Object.assign(values, { protocol: "push", baud: Number(line.split(" ")[0]), parity: line.split(" ")[1] });
    values.grid = $("grid").value;
  }
  for (const key of ["key", "auth_key", "mqtt_password"]) if ($(key).value) values[key] = $(key).value;
  for (const key of FIELDS) values[key] = $(key).value.trim();
  if (!values.mqtt_host) delete values.mqtt_user;
  return values;
}

async function save(anyway) {
  tell($("problems"), "");
  const { ssid, password } = credentials(), kept = ssid === there.wifi_ssid && !password && there.wifi_password;
  if (!ssid) return tell($("problems"), "Choose your WiFi first.", "bad");
  if (!kept && worked !== JSON.stringify([ssid, password]) && !anyway && !(await tryNetwork())) {
    tell($("problems"), "The WiFi does not work yet: see above.", "bad");
    $("anyway").hidden = false;
    return;
  }
  $("save").disabled = true;
  try {
    const values = collected();
    if (!kept) Object.assign(values, { wifi_ssid: ssid, wifi_password: password });
    await ask("/api/setup", values);
    $("form").hidden = true;
    $("result").hidden = false;
    window.scrollTo(0, 0);
    say("Saved. Waiting for the first reading …");
    watch();
  } catch (error) {
    tell($("problems"), problem(error), "bad");
    $("save").disabled = false;
  }
}

// The first reading
function rows(list, pairs) {
  list.replaceChildren(...pairs.flatMap(([name, value]) =>
    [Object.assign(document.createElement("dt"), { textContent: name }), Object.assign(document.createElement("dd"), { textContent: value })]));
}

function showPlace(now) {
  if (!now.page) return;
  elsewhere = now.page.replace(/\/$/, "");
  const link = (url) => Object.assign(document.createElement("a"), { href: url, textContent: url });
  const words = ["In your own network this device is at ", link(now.page)];
  if (now.local) words.push(" or ", link("http://" + now.local + "/"));
  $("where").replaceChildren(...words, ".");
  $("done").hidden = false;
}

async function watch() {
  let now = {};
  while (!watch.over) {
    try {
      // In the home network the set-up's own questions have no answer any more.
      if (!base) showPlace(now = await ask("/api/try").catch((error) => { if (error.problems) return now; throw error; }));
      const status = await ask("/api/status"), reading = await ask("/api/reading");
      const used = reading.active_power_import_w, sold = reading.active_power_export_w;
      const selling = sold > 0 && !used;
      $("now").hidden = used === undefined && sold === undefined;
      $("flow").textContent = selling ? "Delivering now" : "Using now";
      $("power").textContent = (selling ? sold : used || 0).toLocaleString();
      const bad = Object.values(status.lamps).includes("bad");
      say(status.sentence, status.lamps.list === "good" ? "good" : bad ? "bad" : "");
      rows($("state"), [
        ["WiFi", now.state === "works" || now.page ? (now.ssid || there.wifi_ssid || "connected") : now.words || "not connected"],
        ["Meter", [reading.meter_manufacturer, reading.meter_model, reading.meter_id].filter(Boolean).join(" · ") || status.port.line_settings],
        ...(status.mqtt.state === "off" ? [] : [["MQTT", status.mqtt.state + (status.mqtt.error ? ": " + status.mqtt.error : "")]]),
      ]);
    } catch (error) {
      say("The device does not answer here; trying again.", "bad");
    }
    await sleep(2000);
  }
}

async function done() {
  $("done").disabled = watch.over = true;
  try { await ask("/api/done", {}); } catch (error) { /* it may be gone already */ }
  say("The set-up is over and its network closed. Join your own WiFi to see the device again.", "good");
  $("done").hidden = true;
}

async function start() {
  for (;;) {
    try {
      const now = await ask("/api/setup");
      there = now.settings;
      say(now.why);
      $("country").append(...now.countries.map((code) => new Option(lands.of(code), code)).sort((a, b) => a.text.localeCompare(b.text)));
      for (const key of FIELDS) $(key).value = there[key];
      if (there.wifi_password) $("password").placeholder = "unchanged";
      if (there.mqtt_password) $("mqtt_password").placeholder = "unchanged";
      for (const key of ["key", "auth_key"]) if (there[key]) $(key).placeholder = "unchanged";
      $("mqtt").hidden = !there.mqtt_host;
      $("country").value = there.country;
      if ((await ask("/api/try")).saved) {  // the page was opened again after saving
        $("result").hidden = false;
        return watch();
      }
      $("form").hidden = false;
      showNetworks([]);
      listen();
      return await showCountry();
    } catch (error) {
      say("The device does not answer; trying again.", "bad");
      await sleep(3000);
    }
  }
}

$("nets").addEventListener("change", () => { choose(); tell($("tried"), ""); $("anyway").hidden = true; });
$("show").addEventListener("change", () => { $("password").type = $("show").checked ? "text" : "password"; });
$("try").addEventListener("click", tryNetwork);
$("country").addEventListener("change", () => showCountry().catch((error) => tell($("problems"), problem(error), "bad")));
$("mqtt_host").addEventListener("input", () => { $("mqtt").hidden = !$("mqtt_host").value; });
$("form").addEventListener("submit", (event) => { event.preventDefault(); save(false); });
$("anyway").addEventListener("click", () => save(true));
$("done").addEventListener("click", done);
start();
