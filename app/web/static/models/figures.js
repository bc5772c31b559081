// Figures of any shape, as a bundle's card has them: a table for each group, the protocol before them.

import { el, number, table } from "../dom.js";

const LONG = 40; // characters: a sentence, not a value

export function figures(metrics) {
  const notes = Object.entries(metrics).filter(([, value]) => typeof value === "string");
  const groups = Object.entries(metrics).filter(([, value]) => value && typeof value === "object");
  const single = Object.entries(metrics).filter(([, value]) => typeof value === "number");
  return el("div", { className: "figures" },
    notes.map(([name, text]) => el("p", { className: "soft" }, `${words(name)}: ${text}`)),
    single.length ? table("figures", null, single.map(([name, value]) => [words(name), shown(value)])) : null,
    groups.map(([name, group]) => groupOf(name, group)));
}

function groupOf(name, group) {
  const rows = leaves(group);
  const isNote = ([, value]) => typeof value === "string" && value.length > LONG;
  return [
    table(words(name), null, rows.filter((row) => !isNote(row)).map(([path, value]) => [path.map(words).join(", "), shown(value)])),
    rows.filter(isNote).map(([path, text]) => el("p", { className: "soft" }, `${path.map(words).join(", ")}: ${text}`)),
  ];
}

function leaves(value, path = []) {
  if (value === null || typeof value !== "object") return [[path, value]];
  if (Array.isArray(value)) return [[path, value.map(shown).join(", ")]];
  return Object.entries(value).flatMap(([name, inner]) => leaves(inner, [...path, name]));
}

function shown(value) {
  if (typeof value === "number") return number(value);
  return value === null ? "–" : String(value);
}

function words(name) {
  return name.replaceAll("_", " ");
}
