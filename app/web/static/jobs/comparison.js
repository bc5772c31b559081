// A training's model beside the one that the same pictures gave before, and which of them is in use.

import { call, json, list, reason } from "../api.js";
import { count, date, el } from "../dom.js";
import { activate } from "../models/versions.js";

/** Of a training that has succeeded. Empty where it is in use already and was the first. */
export async function comparison(job) {
  const box = el("div", { className: "comparison" });
  if (!job.result.is_active) box.append(waiting(job.result));
  const before = await earlier(job);
  if (before) box.append(el("div", { className: "two" }, await grid(before, "Before"), await grid(job, "This one")));
  return box;
}

/** The last one before it of the same model on the same dataset: their sample grids show the same pictures. */
async function earlier({ id, params: { model, dataset } }) {
  const jobs = await list("/v1/jobs?kind=train&state=succeeded&limit=200", "jobs");
  return jobs.find((job) => job.id < id && job.params.model === model && job.params.dataset === dataset);
}

function waiting({ model, version }) {
  const said = el("p", { role: "status" }, `${model} is still the version before; this one waits as ${version}.`);
  const button = el("button", { type: "button" }, "Use this one");
  button.addEventListener("click", async () => {
    button.disabled = true;
    said.textContent = "It is loaded and warmed up …";
    try {
      await activate(`/v1/models/${encodeURIComponent(model)}`, version);
      said.replaceChildren(`${model} is this one now: `, el("a", { href: `/?model=${encodeURIComponent(model)}` }, "translate with it"), ".");
      button.remove();
    } catch (error) {
      said.textContent = reason(error);
      button.disabled = false;
    }
  });
  return el("div", { className: "waiting-version" }, said, button);
}

async function grid({ id, progress, finished }, title) {
  const { samples } = await json(`/v1/jobs/${id}/samples`);
  if (!samples.length) return null;
  const url = URL.createObjectURL(await (await call(samples.at(-1).url)).blob());
  return el("figure", {},
    el("img", { src: url, alt: `${title}: sample grid of ${count(progress.done, "step")}`, className: "grid" }),
    el("figcaption", { className: "soft" }, `${title}: ${count(progress.done, "step")}, `, date(finished)));
}
