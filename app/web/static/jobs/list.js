// Jobs as rows: the newest first, each leading to its screen.

import { json } from "../api.js";
import { date, el } from "../dom.js";
import { FINISHED, KINDS, progressText, screenOf, titleOf } from "./words.js";

/** Fills the list, in which only what has changed is replaced: a row's link keeps the focus. */
export function showRows(list, jobs) {
  const rows = jobs.map(rowOf);
  const ids = rows.map(({ id }) => id);
  for (const row of [...list.children]) if (!ids.includes(row.id)) row.remove();
  rows.forEach((row, index) => {
    const before = list.children[index];
    if (before?.id !== row.id) list.insertBefore(row, before ?? null);
    else if (!before.isEqualNode(row)) renew(before, row);
  });
}

/** Fills the section with the last few of a kind, hides it where there are none. */
export async function showRecent(section, kind, most = 5) {
  const { jobs } = await json(`/v1/jobs?kind=${kind}&limit=${most}`);
  const others = jobs.filter(({ id }) => !location.search.includes(id));
  section.hidden = !others.length;
  showRows(section.querySelector("ul"), others);
}

function rowOf(job) {
  const { id, kind, state, progress, created, error } = job;
  const isOver = FINISHED.includes(state);
  return el("li", { id },
    el("a", { href: screenOf(job) }, el("span", {}, el("strong", {}, KINDS[kind] ?? kind), ` ${titleOf(job)}`)),
    el("span", { className: `badge ${state}` }, state),
    isOver || !progress?.total ? null : el("progress", { max: progress.total, value: progress.done, ariaLabel: "Progress" }),
    el("span", { className: "soft number" }, error ? error.detail : progressText(job)),
    date(created));
}

/** All but its link, which is the same for as long as the job is. */
function renew(row, fresh) {
  const [[, ...before], [, ...after]] = [row.children, fresh.children];
  before.forEach((each) => each.remove());
  row.append(...after);
}
