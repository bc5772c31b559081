// The Jobs screen: all of them by kind and state, renewed while one is under way; one of them where the address says so.

import { list as listOf, reason } from "../api.js";
import { onKey } from "../key.js";
import { showDatasets } from "./datasets.js";
import { showRows } from "./list.js";
import { showLinked } from "./view.js";
import { FINISHED } from "./words.js";

const EVERY_MS = 3000;
const PAGE = 30;
const MOST_AT_ONCE = 200; // of one answer
const UNSEEN = [401, 403]; // until there is another key

const filter = document.querySelector("#filter");
const list = document.querySelector("#jobs");
const more = document.querySelector("#more");
const none = document.querySelector("#none");
const job = document.querySelector("#job");
const datasets = document.querySelector("#datasets");
const problem = document.querySelector("#problem");

let shown = PAGE;
let asked = 0; // how often
let timer = null;

async function show() {
  clearTimeout(timer);
  const mine = (asked += 1);
  const query = new URLSearchParams([...new FormData(filter)].filter(([, value]) => value));
  query.set("limit", Math.min(shown + 1, MOST_AT_ONCE));
  let isDue = true;
  try {
    const jobs = await listOf(`/v1/jobs?${query}`, "jobs", shown + 1); // and whether there are more
    if (mine !== asked) return; // something else was asked for meanwhile
    showRows(list, jobs.slice(0, shown));
    none.hidden = jobs.length > 0;
    more.hidden = jobs.length <= shown;
    problem.textContent = "";
    isDue = jobs.some(({ state }) => !FINISHED.includes(state));
  } catch (error) {
    if (mine !== asked) return;
    problem.textContent = reason(error);
    isDue = !UNSEEN.includes(error.status);
  }
  list.ariaBusy = "false";
  if (isDue) timer = setTimeout(show, EVERY_MS);
}

function begin() {
  show();
  showDatasets(datasets);
  showLinked(job);
}

filter.addEventListener("change", () => { shown = PAGE; show(); });
more.addEventListener("click", () => { shown += PAGE; show(); });
onKey(begin);
begin();
