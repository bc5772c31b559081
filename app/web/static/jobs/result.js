// What came of a job: its files as a zip, what its command says of them, and of a training the model beside another.

import { reason } from "../api.js";
import { count, el, number, table } from "../dom.js";
import { downloadLink } from "../download.js";
import { comparison } from "./comparison.js";
import { titleOf, withUnit } from "./figures.js";

const RESULTS = { train: trained, translate: translated, evaluate: evaluated, export: exported };
const GONE = "Its files are gone: they are kept for some days.";

export function resultOf(job) {
  const { said, links = [], more = [] } = RESULTS[job.kind](job);
  const files = job.links.result ? downloadLink(job.links.result, `${job.id}.zip`, "Download the zip") : el("span", { className: "soft" }, GONE);
  return el("div", { className: "result" }, el("p", { className: "fine" }, said), el("p", { className: "actions" }, links, files), more);
}

function trained(job) {
  const { params: { model }, result } = job;
  const box = el("div", {});
  comparison(job).then((found) => box.replaceWith(found), (error) => box.append(el("p", { role: "alert" }, reason(error))));
  return {
    said: `Published as ${model}${result.is_active ? "" : `, version ${result.version}`}.`,
    links: [
      result.is_active ? el("a", { className: "button", href: `/?model=${encodeURIComponent(model)}` }, "Translate with it") : null,
      el("a", { className: "button quiet", href: "/models" }, "Models"),
    ],
    more: box,
  };
}

function translated({ result }) {
  const failed = result?.failed ? `, ${count(result.failed, "file")} could not be` : "";
  return { said: `${count(result?.translated ?? 0, "picture")} translated${failed}. Seed ${result?.seed}.` };
}

function evaluated({ result }) {
  const shown = ({ mean, std }) => (mean === null ? "–" : `${number(mean)}${std === null ? "" : ` ± ${number(std, 2)}`}`);
  const rows = (lines) => Object.entries(lines).flatMap(([line, figures]) =>
    Object.entries(figures).map(([name, figure]) => [withUnit(`${line.replaceAll("_", " ")}: ${titleOf(name)}`, line, name), shown(figure)]));
  const tables = result.directions.map(({ source, target, pictures, references, lines }) =>
    table(`${source} to ${target}, ${count(pictures, "picture")} against ${references}`, null, rows(lines)));
  return { said: "Measured.", more: el("div", { className: "two" }, tables) };
}

function exported({ result: { format, directions } }) {
  const rows = directions.map(({ source, to, file, parity }) =>
    [`${source} to ${to}`, el("code", {}, file), `${number(parity.levels, 2)} grey levels over ${count(parity.shapes.length, "size")}`]);
  return { said: "Each file was run, and compared with the model.", more: table(`Files for ${format}`, ["", "file", "differs at most by"], rows) };
}
