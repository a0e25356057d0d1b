"use strict";
const $ = (id) => document.getElementById(id);
const done = (said) => ["Saved.", ...(said.told || []), said.restarting ? "The device restarts to use it; look for it at its new address in a minute." : ""].join(" ");
let rows = [];

function tell(text, state) {
  $("sentence").textContent = text;
  $("sentence").className = state || "";
  $("sentence").scrollIntoView({ block: "nearest" });
}

// One field as the schema says; a secret that is set is shown as set and stays when left empty.
function field(row) {
  const label = document.createElement("label");
  label.textContent = row.label;
  let input;
  if (row.kind === "pick") {
    input = document.createElement("select");
    for (const word of row.bounds.split(",")) input.add(new Option(word || "as usual", word, false, word === row.value));
  } else {
    input = document.createElement("input");
    if (row.kind === "flag") { input.type = "checkbox"; input.checked = row.value; }
    else {
      input.type = row.secret ? "password" : row.kind === "int" ? "number" : "text";
      input.autocomplete = "off";
      if (row.secret) input.placeholder = row.value ? "set; leave empty to keep it" : "not set";
      else input.value = row.value;
    }
  }
  input.name = row.key;
  const help = document.createElement("small");
  help.textContent = row.help;
  label.append(input, help);
  return label;
}

function draw() {
  const groups = [...new Set(rows.map((row) => row.group))];
  const save = document.createElement("button");
  save.id = "save";
  save.textContent = "Save";
  $("form").replaceChildren(...groups.map((group) => {
    const section = document.createElement("section"), title = document.createElement("h2");
    title.textContent = group;
    section.append(title, ...rows.filter((row) => row.group === group).map(field));
    return section;
  }), save);
}

function changes() {
  const given = {};
  for (const row of rows) {
    const input = $("form").elements[row.key];
    const value = row.kind === "flag" ? input.checked : row.kind === "int" ? Number(input.value) : input.value;
    if (row.secret ? value !== "" : value !== row.value) given[row.key] = value;
  }
  return given;
}

async function send(path, body, type) {
  const answer = await fetch(path, { method: "POST", body, headers: { "Content-Type": type } });
  const said = await answer.json();
  if (said.problems) { tell(said.problems.join(" "), "bad"); return null; }
  return said;
}

async function load() {
  rows = await (await fetch("/api/settings", { cache: "no-store" })).json();
  draw();
}

$("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = changes();
  if (!Object.keys(given).length) return tell("Nothing was changed.");
  tell("Saving …");
  const said = await send("/api/settings", JSON.stringify(given), "application/json").catch(() => null);
  if (said) { await load(); tell(done(said), "good"); }
});
$("restore").addEventListener("change", async (event) => {
  const said = await send("/api/restore", await event.target.files[0].text(), "text/plain");
  if (said) { await load(); tell(done(said), "good"); }
});
for (const input of document.querySelectorAll("#certificates input")) input.addEventListener("change", async () => {
  const said = await send("/api/certificate?what=" + input.dataset.what, await input.files[0].text(), "text/plain").catch(() => null);
  if (said) tell("Saved.", "good");
});
$("update").addEventListener("change", async (event) => {
  tell("Sending the update …");
  const said = await send("/api/update", event.target.files[0], "application/octet-stream").catch(() => null);
  if (said) tell("The update is in place; the device restarts now.", "good");
});
$("restart").addEventListener("click", async () => {
  if (await send("/api/restart", "{}", "application/json")) tell("The device restarts now.", "good");
});
load().then(() => tell("Change what you need and save; the device goes on reading meanwhile."), () => tell("The device does not answer.", "bad"));
