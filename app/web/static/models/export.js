// A model as files for programs that know nothing of this project: a job, shown where it was ordered.

import { json, reason } from "../api.js";
import { disclosure, el } from "../dom.js";
import { order } from "../jobs/order.js";
import { JobView } from "../jobs/view.js";
import { FINISHED } from "../jobs/words.js";

const FORMATS = { onnx: "ONNX", torch: "torch.export's archive" };
const offered = document.querySelector("#models")?.dataset.formats.split(" ") ?? [];
const LOOKED_THROUGH = 50; // the last exports, among which this model's may be

/** Of the version in use. What was ordered before is there again when it is opened. */
export function exportOf({ name, version }) {
  const said = el("p", { role: "alert" });
  const choice = el("select", { ariaLabel: "Format" }, offered.map((format) => el("option", { value: format }, FORMATS[format] ?? format)));
  const start = el("button", { type: "button" }, "Export");
  const place = el("section", { className: "job", ariaLabel: `Export of ${name}`, hidden: true });
  const details = disclosure("Export",
    el("p", { className: "soft" }, "A file each direction, for pictures of any size. Each is compared with the model before it is kept."),
    el("p", { className: "actions exporting" }, choice, start), said, place);

  const show = (id) => {
    place.hidden = false;
    return new JobView(place, id, ({ state }) => (start.disabled = !FINISHED.includes(state))).show();
  };
  const attempt = (work) => async () => {
    said.textContent = "";
    try {
      await work();
    } catch (error) {
      said.textContent = reason(error);
      start.disabled = false;
    }
  };
  const begin = async () => {
    start.disabled = true;
    await show((await order({ kind: "export", model: name, version, format: choice.value })).id);
  };
  const find = async () => {
    const { jobs } = await json(`/v1/jobs?kind=export&limit=${LOOKED_THROUGH}`);
    const last = jobs.find(({ params }) => params.model === name && params.version === version);
    if (last && place.hidden && !start.disabled) await show(last.id);
  };
  start.addEventListener("click", attempt(begin));
  details.addEventListener("toggle", attempt(() => (details.open && place.hidden ? find() : null)));
  return details;
}
