// A training's model beside the one before: what both make of the training's pictures, and of any others.

import { call, json, list } from "../api.js";
import { count, date, el } from "../dom.js";
import { compared } from "../models/compare.js";

/** Of a training that has succeeded. */
export async function comparison(job) {
  const { params: { model }, result: { version, is_active: isActive } } = job;
  const before = await earlier(job);
  const grids = before ? el("div", { className: "two" }, await grid(before, "Before"), await grid(job, "This one")) : null;
  const waits = isActive ? null : el("p", {}, `${model} is still another version; this one waits among them.`);
  const versions = await compared(await json(`/v1/models/${encodeURIComponent(model)}`), version, () => waits?.remove());
  return el("div", { className: "comparison" }, waits, grids, versions);
}

/** The last one before it of the same model on the same dataset: their sample grids show the same pictures. */
async function earlier({ id, params: { model, dataset } }) {
  const jobs = await list("/v1/jobs?kind=train&state=succeeded&limit=200", "jobs");
  return jobs.find((job) => job.id < id && job.params.model === model && job.params.dataset === dataset);
}

async function grid({ id, progress, finished }, title) {
  const { samples } = await json(`/v1/jobs/${id}/samples`);
  if (!samples.length) return null;
  const url = URL.createObjectURL(await (await call(samples.at(-1).url)).blob());
  return el("figure", {},
    el("img", { src: url, alt: `${title}: sample grid of ${count(progress.done, "step")}`, className: "grid" }),
    el("figcaption", { className: "soft" }, `${title}: ${count(progress.done, "step")}, `, date(finished)));
}
