// The Jobs screen: all of them by kind and state, renewed while one is under way; one of them where the address says so.

import { json, reason } from "../api.js";
import { onKey } from "../key.js";
import { jobRow } from "./list.js";
import { showDatasets } from "./datasets.js";
import { showLinked } from "./view.js";
import { FINISHED } from "./words.js";

const EVERY_MS = 3000;
const PAGE = 30;

const filter = document.querySelector("#filter");
const list = document.querySelector("#jobs");
const more = document.querySelector("#more");
const none = document.querySelector("#none");
const datasets = document.querySelector("#datasets");
const problem = document.querySelector("#problem");
const complain = (text) => (problem.textContent = text);

let shown = PAGE;
let timer = null;

async function show() {
  clearTimeout(timer);
  const query = new URLSearchParams([...new FormData(filter)].filter(([, value]) => value));
  query.set("limit", shown);
  try {
    const { jobs, next_cursor: next } = await json(`/v1/jobs?${query}`);
    list.replaceChildren(...jobs.map(jobRow));
    none.hidden = jobs.length > 0;
    more.hidden = !next || shown >= 180;
    complain("");
    if (jobs.some(({ state }) => !FINISHED.includes(state))) timer = setTimeout(show, EVERY_MS);
  } catch (error) {
    complain(reason(error));
  }
  list.ariaBusy = "false";
}

filter.addEventListener("change", () => { shown = PAGE; show(); });
more.addEventListener("click", () => { shown += PAGE; show(); });
onKey(() => Promise.all([show(), showDatasets(datasets)]));
show();
showDatasets(datasets);
showLinked(document.querySelector("#job"), complain);
