// Two versions of a model on the same pictures, from the same seed, and the better one taken into use.

import { json, reason } from "../api.js";
import { disclosure, el } from "../dom.js";
import { eachOf, translation } from "../translate/request.js";
import { activate } from "./versions.js";

const SEED = 7;
const MOST = 6; // pictures
const DIGITS = 8; // of a version, that tell it from others
const AT_ONCE = 2;
const examples = document.querySelector("[data-examples]")?.dataset.examples.split(" ") ?? []; // domains that we have a picture of
let made = 0; // fields need names of their own

/** Asked for when it is opened. `onChange` is called when another version is in use. */
export function comparisonOf(model, onChange) {
  const box = el("div", { ariaBusy: "true" });
  const details = disclosure("Compare versions", box);
  details.classList.add("compared-versions");
  details.addEventListener("toggle", async () => {
    if (!details.open) return;
    try {
      box.replaceChildren((await compared(model, null, onChange)) ?? el("p", { className: "soft" }, "It has no other version to be compared with."));
    } catch (error) {
      box.replaceChildren(el("p", { role: "alert" }, reason(error)));
    }
    box.ariaBusy = "false";
  });
  return details;
}

/** Beside `version`, or the newest that is not in use, the one in use or the one before; null of a single one. */
export async function compared({ name, directions }, version, onChange = () => {}) {
  const { versions } = await json(`/v1/models/${encodeURIComponent(name)}/versions`);
  if (versions.length < 2) return null;
  const after = versions.find((each) => each.version === version) ?? versions.find((each) => !each.is_active);
  const others = versions.filter((each) => each !== after);
  const before = others.find((each) => each.is_active) ?? others[0];
  return new Comparison(name, directions, versions, [before.version, after.version], onChange).element;
}

class Comparison {
  constructor(name, directions, versions, chosen, onChange) {
    Object.assign(this, { name, directions, versions, onChange, files: [], urls: [], round: new AbortController() });
    const group = `way-${(made += 1)}`;
    this.ways = directions.map(({ source, to }, index) => el("input", { type: "radio", name: group, value: to, checked: index === 0, "data-source": source }));
    this.seed = el("input", { inputMode: "numeric", value: SEED, pattern: "[0-9]{1,19}", required: true, maxLength: 19, autocomplete: "off" });
    this.sides = chosen.map((version, side) => this.#choice(version, side));
    this.given = el("input", { type: "file", accept: "image/*", multiple: true });
    this.said = el("p", { role: "status", className: "soft" });
    this.problem = el("p", { role: "alert" });
    this.rows = el("ol", { className: "compared" });
    this.element = el("form", { className: "comparing" }, this.#fields(), this.said, this.problem, this.rows, el("p", { className: "actions" }, this.#uses()));
    this.element.addEventListener("submit", (event) => event.preventDefault());
    this.element.addEventListener("change", ({ target }) => this.#changed(target));
    this.#changed(null);
  }

  #fields() {
    const field = (label, input) => el("label", { className: "field" }, label, input);
    const way = (input, { source, to }) => el("label", {}, input, el("span", {}, `${source} → ${to}`));
    return [
      el("fieldset", { className: "choice" }, el("legend", {}, "Direction"), this.ways.map((input, index) => way(input, this.directions[index]))),
      el("div", { className: "fields" }, field("One", this.sides[0]), field("The other", this.sides[1]),
        field("Seed of both", this.seed), field("Pictures", this.given)),
    ];
  }

  #choice(chosen, side) {
    const option = (each) => el("option", { value: each.version, selected: each.version === chosen }, nameOf(each));
    return el("select", { ariaLabel: side ? "The other version" : "One version" }, this.versions.map(option));
  }

  #uses() {
    return this.sides.map((side) => {
      const button = el("button", { type: "button", className: "quiet" });
      const label = () => {
        const version = this.#version(side.value);
        button.textContent = `Use ${version.version.slice(0, DIGITS)}`;
        button.hidden = version.is_active;
      };
      side.addEventListener("change", label);
      button.addEventListener("click", () => this.#use(side.value, button));
      label();
      return button;
    });
  }

  #version(name) {
    return this.versions.find(({ version }) => version === name);
  }

  async #use(version, button) {
    button.disabled = true;
    this.said.textContent = "It is loaded and warmed up …";
    try {
      await activate(`/v1/models/${encodeURIComponent(this.name)}`, version);
      this.said.textContent = `${this.name} is ${version} now.`;
      for (const each of this.versions) each.is_active = each.version === version;
      for (const side of this.sides) {
        for (const option of side.options) option.textContent = nameOf(this.#version(option.value));
        side.dispatchEvent(new Event("change")); // for its button
      }
      await this.onChange();
    } catch (error) {
      this.said.textContent = "";
      this.problem.textContent = reason(error);
    }
    button.disabled = false;
  }

  async #changed(target) {
    if (!this.element.reportValidity()) return;
    if (target === this.given) this.files = [...this.given.files];
    this.round.abort();
    this.round = new AbortController();
    const { signal } = this.round;
    this.problem.textContent = "";
    try {
      const files = this.files.length ? this.files.slice(0, MOST) : await this.#example();
      this.said.textContent = files.length < this.files.length ? `The first ${MOST} of ${this.files.length}.` : "";
      if (!files.length) this.said.textContent = "Choose a picture that both are to translate.";
      await this.#translate(files, signal);
    } catch (error) {
      if (!signal.aborted) this.problem.textContent = reason(error);
    }
  }

  async #example() {
    const { source } = this.ways.find(({ checked }) => checked).dataset;
    if (!examples.includes(source)) return [];
    const picture = await (await fetch(`/examples/${source}.jpg`)).blob();
    return [new File([picture], "the example.jpg", { type: picture.type })];
  }

  async #translate(files, signal) {
    const to = this.ways.find(({ checked }) => checked).value;
    const seed = this.seed.value;
    this.urls.splice(0).forEach((url) => URL.revokeObjectURL(url)); // of the pictures that are replaced here
    const cells = files.flatMap((file) => this.sides.map(({ value: version }) => ({ file, version, frame: el("div", { className: "frame waiting" }) })));
    this.rows.replaceChildren(...files.map((file) => this.#row(file, cells.filter((cell) => cell.file === file))));
    try {
      await eachOf(cells, AT_ONCE, async ({ file, version, frame }) => {
        const { blob } = await translation(file, { model: this.name, version, to, seed, temperature: 1 }, { signal });
        frame.classList.remove("waiting");
        frame.append(el("img", { src: this.#urlOf(blob), alt: `${file.name} as ${to} of seed ${seed}, by ${version}` }));
      });
    } finally {
      for (const { frame } of cells) frame.classList.remove("waiting");
    }
  }

  #urlOf(blob) {
    this.urls.push(URL.createObjectURL(blob));
    return this.urls.at(-1);
  }

  #row(file, cells) {
    const original = el("img", { src: this.#urlOf(file), alt: file.name });
    const figure = (frame, caption) => el("figure", {}, frame, el("figcaption", { className: "soft" }, caption));
    const line = el("li", {}, figure(el("div", { className: "frame" }, original), file.name),
      cells.map(({ frame, version }) => figure(frame, shortOf(this.#version(version)))));
    original.addEventListener("load", () => {
      line.style.setProperty("--aspect", Math.min(Math.max(original.naturalWidth / original.naturalHeight, 0.5), 2.5));
    });
    return line;
  }
}

function shortOf({ version, created }) {
  return `${version.slice(0, DIGITS)} of ${created.slice(0, 10)}`;
}

function nameOf(version) {
  return `${version.is_active ? "in use: " : ""}${shortOf(version)}`;
}
