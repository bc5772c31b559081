// What came of a job: its files as a zip, and of a training the model beside the one before.

import { reason } from "../api.js";
import { count, el, facts } from "../dom.js";
import { downloadLink } from "../download.js";
import { comparison } from "./comparison.js";

export function resultOf(job) {
  const { kind, params, result } = job;
  const box = el("div", { className: "result" });
  const links = el("p", { className: "actions" }, downloadLink(job.links.result, `${job.id}.zip`, "Download the zip"));
  if (kind === "train") {
    if (result.is_active) links.prepend(el("a", { className: "button", href: `/?model=${encodeURIComponent(params.model)}` }, "Translate with it"));
    links.append(el("a", { className: "button quiet", href: "/models" }, "Models"));
  }
  box.append(el("p", { className: "fine" }, said(job)), links);
  if (kind === "train") comparison(job).then((found) => box.append(found), (error) => box.append(el("p", { role: "alert" }, reason(error))));
  if (kind === "evaluate" && result) box.append(facts(Object.entries(result).map(([name, value]) => [name, String(value)])));
  return box;
}

function said({ kind, params, result }) {
  if (kind === "train") return `Published as ${params.model}${result.is_active ? "" : `, version ${result.version}`}.`;
  if (kind !== "translate") return "Done.";
  const failed = result?.failed ? `, ${count(result.failed, "file")} could not be` : "";
  return `${count(result?.translated ?? 0, "picture")} translated${failed}. Seed ${result?.seed}.`;
}
