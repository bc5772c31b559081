// Jobs as rows: the newest first, each leading to its screen.

import { json } from "../api.js";
import { date, el } from "../dom.js";
import { FINISHED, KINDS, progressText, screenOf, titleOf } from "./words.js";

export function jobRow(job) {
  const { kind, state, progress, created, error } = job;
  const isOver = FINISHED.includes(state);
  return el("li", {},
    el("a", { href: screenOf(job) }, el("span", {}, el("strong", {}, KINDS[kind] ?? kind), ` ${titleOf(job)}`)),
    el("span", { className: `badge ${state}` }, state),
    isOver || !progress?.total ? null : el("progress", { max: progress.total, value: progress.done, ariaLabel: "Progress" }),
    el("span", { className: "soft number" }, error ? error.detail : progressText(job)),
    date(created));
}

/** Fills the section with the last few of a kind, hides it where there are none. */
export async function showRecent(section, kind, most = 5) {
  const { jobs } = await json(`/v1/jobs?kind=${kind}&limit=${most}`);
  const others = jobs.filter(({ id }) => !location.search.includes(id));
  section.hidden = !others.length;
  section.querySelector("ul").replaceChildren(...others.map(jobRow));
}
