// A form from a recipe's fields: the settings that matter first, the rest by section, and what was changed.

import { el } from "../dom.js";
import { fieldsOf } from "./schema.js";

const FIRST = { // what matters, under names for people
  "training.steps": "Steps",
  "data.size": "Size in pixels",
  "training.batch_size": "Batch size",
  "objective.conditioning": "Faithfulness to the paper (λc)",
  "objective.weights.code": "Weight of the noise code",
};

const NOT_SET = "not set";

export class Fields {
  /** `first` and `rest` are the elements that they go into. */
  constructor(first, rest) {
    Object.assign(this, { first, rest, rows: [] });
  }

  show(schema, { values }) {
    this.rows = fieldsOf(schema, values).map((field) => new Row(field));
    const matters = Object.keys(FIRST).map((path) => this.#row(path)).filter(Boolean);
    const others = Map.groupBy(this.rows.filter((row) => !matters.includes(row)), ({ field }) => field.path.split(".")[0]);
    this.first.replaceChildren(...matters.map(({ element }) => element));
    this.rest.replaceChildren(...[...others].map(([section, rows]) =>
      el("section", {}, el("h3", {}, section), el("div", { className: "fields" }, rows.map(({ element }) => element)))));
  }

  /** Whether the field is asked for; one that is not departs from nothing. */
  ask(path, isAsked) {
    const row = this.#row(path);
    if (!row) return; // the recipes are still on their way
    row.input.disabled = !isAsked;
    row.mark();
  }

  /** What departs from the recipe, as a job's `set` has it. */
  changes() {
    return Object.fromEntries(this.rows.filter((row) => row.isChanged()).map((row) => [row.field.path, row.value()]));
  }

  #row(path) {
    return this.rows.find(({ field }) => field.path === path);
  }
}

class Row {
  constructor(field) {
    this.field = field;
    const { path, description } = field;
    this.input = inputOf(field);
    const name = FIRST[path] ?? path.split(".").slice(1).join(".").replaceAll("_", " ");
    const [id, help] = [`set-${path}`, `help-${path}`];
    Object.assign(this.input, { id }).setAttribute("aria-describedby", help);
    this.element = el("div", { className: "field" }, el("label", { htmlFor: id }, name), this.input, el("small", { id: help }, description));
    this.input.addEventListener("change", () => {
      this.input.setCustomValidity(this.value() === undefined && this.input.value !== "" ? "This has to be JSON, as in [0.1, 0.2]." : "");
      this.mark();
    });
  }

  mark() {
    this.element.classList.toggle("changed", this.isChanged());
  }

  /** undefined where there is none, or none that can be read. */
  value() {
    const { type, value } = this.input;
    if (type === "checkbox") return this.input.checked;
    if (value === "") return undefined;
    if (type === "number") return Number(value);
    if (this.field.shape.enum || this.field.shape.type === "string") return value;
    try {
      return JSON.parse(value);
    } catch {
      return undefined;
    }
  }

  isChanged() {
    if (this.input.disabled) return false;
    const value = this.value();
    return value !== undefined && JSON.stringify(value) !== JSON.stringify(this.field.value);
  }
}

function inputOf({ value, shape }) {
  const { type, enum: choices, minimum, maximum, multipleOf } = shape;
  const required = value !== null; // a job's `set` cannot take a value away
  const placeholder = required ? "" : NOT_SET;
  if (choices) return select([...(required ? [] : [null]), ...choices.filter((choice) => choice !== null)], value);
  if (type === "boolean") return el("input", { type: "checkbox", checked: value });
  if (type === "number" || type === "integer") {
    const limits = Object.fromEntries(Object.entries({ min: minimum, max: maximum }).filter(([, limit]) => limit !== undefined));
    return el("input", { type: "number", step: type === "integer" ? (multipleOf ?? 1) : "any", ...limits, value: value ?? "", placeholder, required });
  }
  const text = value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);
  return el("input", { type: "text", value: text, placeholder, required: required && text !== "", autocomplete: "off", spellcheck: false });
}

function select(choices, value) {
  return el("select", {}, choices.map((choice) => el("option", { value: choice ?? "", selected: choice === value }, choice ?? NOT_SET)));
}
