// A model's card: what it does, how well, and where it comes from.

import { count, date, disclosure, el, facts } from "../dom.js";
import { comparisonOf } from "./compare.js";
import { exportOf } from "./export.js";
import { figures } from "./figures.js";
import { samplesOf } from "./pair.js";
import { versionsOf } from "./versions.js";

/** `onChange` is called when another version of it is in use, or it is deleted. */
export function modelCard(model, onChange) {
  const { name, card } = model;
  return el("article", { className: "model", ariaLabel: name },
    samplesOf(model),
    el("div", { className: "about" },
      el("h2", {}, name),
      el("p", { className: "soft" }, pairOf(model)),
      card.limitations ? el("p", { className: "limits" }, card.limitations) : null,
      facts([
        ["Trained at", `${card.training_size} pixels`],
        ["Works at", `${model.process_size} pixels`],
        ["Samples", card.architecture.generator.code_size ? `drawn from ${count(card.architecture.generator.code_size, "number")} of noise` : "none: one answer to each picture"],
        ["Domain scores", scores(card.calibration)],
        ["Steps", card.steps ? count(card.steps, "step") : null],
        ["Made", date(card.created)],
        ["Licence", card.licence],
      ]),
      el("p", { className: "actions" },
        el("a", { className: "button", href: `/?model=${encodeURIComponent(name)}` }, "Translate with it"))),
    el("div", { className: "more" },
      Object.keys(card.metrics ?? {}).length ? disclosure("Figures, and how they were measured", figures(card.metrics)) : null,
      disclosure("Where it comes from", origin(card)),
      versionsOf(name, onChange),
      comparisonOf(model, onChange),
      exportOf(model),
      disclosure("Files", files(model)),
    ));
}

function pairOf({ domains, directions }) {
  return domains.join(directions.length > 1 ? " ⇄ " : " → ");
}

/** What they are ranks among. */
function scores(calibration) {
  const among = Object.entries(calibration ?? {}).map(([domain, { pictures }]) => `${pictures} of ${domain}`);
  return among.length ? `ranks among held-out pictures, ${among.join(" and ")}` : "none";
}

function origin({ lineage, imported, data, training_notes: notes, objective }) {
  const began = lineage.map(({ name, steps, digest }) => el("li", {}, `${name}, ${count(steps, "step")}, `, el("code", { title: digest }, digest.slice(0, 12))));
  const brought = imported.map(({ to, file, sha256 }) => el("li", {}, `to ${to}: ${file}, `, el("code", { title: sha256 }, sha256.slice(0, 12))));
  return el("div", {},
    began.length ? [el("h3", {}, "Trained on from"), el("ol", { className: "lines" }, began)] : null,
    brought.length ? [el("h3", {}, "Brought from another project"), el("ol", { className: "lines" }, brought)] : null,
    facts([...pictures(data), ["Objective", objective?.preset]]),
    notes ? el("p", { className: "soft" }, notes) : null);
}

function pictures(data = {}) {
  return Object.entries(data)
    .filter(([, splits]) => splits?.train)
    .map(([domain, { train, validation }]) => [domain, `${count(train.pictures, "picture")}${validation ? `, ${validation.pictures} for validation` : ""}`]);
}

function files({ digest, card }) {
  return el("div", {},
    facts([["Digest", el("code", {}, digest)]]),
    el("ul", { className: "lines" }, Object.keys(card.files).map((file) => el("li", {}, el("code", {}, file)))));
}
