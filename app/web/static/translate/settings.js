// The form: which model, which way, how many draws from which seed.

import { readLink } from "./link.js";

const form = document.querySelector("form");
const count = document.querySelector("#count");
const directions = document.querySelector("#directions");
const SEEDS = 2n ** 63n;

export const link = readLink();

/** What a request says, the domain it comes from, and the samples' seeds; null where a field is wrong. */
export function readSettings() {
  if (!form.seed.value) rollSeed();
  if (!form.reportValidity()) return null;
  const fields = new FormData(form);
  const [model, to, temperature] = ["model", "to", "temperature"].map((name) => fields.get(name));
  const first = BigInt(form.seed.value);
  const seeds = Array.from({ length: draws() ? count.valueAsNumber : 1 }, (_, index) => (first + BigInt(index)) % SEEDS);
  return { model, to, temperature, seeds, draws: draws(), source: sourceOf(to), wayBack: ways().some(([from]) => from === to), fields };
}

export function rollSeed() {
  form.seed.value = Math.floor(Math.random() * 1e6);
}

export function setSeed(seed) {
  form.seed.value = seed;
}

/** Calls `submit` when the form is sent, and `change` when something else is asked for. */
export function watchSettings({ submit, change }) {
  form.addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  form.addEventListener("change", ({ target }) => {
    if (target.name === "model") showModel();
    if (target.type !== "file") change();
  });
  form.temperature.addEventListener("input", showTemperature);
  form.querySelector("#dice").addEventListener("click", () => { rollSeed(); change(); });
}

/** A seed as JSON can have it: a number where that is exact, else its digits. */
export function exact(seed) {
  return seed <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(seed) : String(seed);
}

export function followLink() {
  if (/^[0-9]{1,19}$/.test(link.seed ?? "")) form.seed.value = link.seed;
  if (link.temperature) form.temperature.value = link.temperature;
  if (link.samples >= 1 && link.samples <= Number(count.max)) count.value = link.samples;
  const way = form.querySelector(`[name=to][value="${CSS.escape(link.to ?? "")}"]`);
  if (way) way.checked = true;
  showTemperature();
  showDraws();
}

function model() {
  return form.model.selectedOptions?.[0] ?? form.model;
}

function draws() {
  return model().dataset.draws !== "0";
}

function ways() {
  return [...directions.querySelectorAll("[name=to]")].map(({ value, dataset }) => [dataset.source, value]);
}

function sourceOf(to) {
  return ways().find(([, target]) => target === to)[0];
}

function showTemperature() {
  form.querySelector(".measured .value").textContent = Number(form.temperature.value);
}

function showDraws() {
  document.querySelector("#fixed").hidden = draws();
  document.querySelector(".drawing").hidden = !draws();
}

/** The ways of the model that was chosen, the first or the one of the same target. */
function showModel() {
  const before = new FormData(form).get("to");
  const rows = JSON.parse(model().dataset.directions).map(([source, to], index) => {
    const row = directions.querySelector("label").cloneNode(true);
    const [radio, text] = [row.querySelector("input"), row.querySelector("input + span")];
    Object.assign(radio, { value: to, checked: index === 0 });
    radio.dataset.source = source;
    text.replaceChildren(`${source} `, ...text.querySelectorAll("span"), ` ${to}`);
    return row;
  });
  directions.replaceChildren(directions.querySelector("legend"), ...rows);
  const same = ways().findIndex(([, to]) => to === before);
  if (same > 0) rows[same].querySelector("input").checked = true;
  showDraws();
}
