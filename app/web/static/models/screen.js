// The Models screen: a card for each, from what GET /v1/models and its cards say.

import { json, reason } from "../api.js";
import { el } from "../dom.js";
import { onKey } from "../key.js";
import { modelCard } from "./card.js";
import { watchPublication } from "./publish.js";

const list = document.querySelector("#models");
const problem = document.querySelector("#problem");

async function show() {
  problem.textContent = "";
  try {
    const { models } = await json("/v1/models");
    const details = await Promise.all(models.map(({ name }) => json(`/v1/models/${encodeURIComponent(name)}`)));
    const opened = new Map([...list.querySelectorAll("details[open]")].map((each) => [nameOf(each), each]));
    list.replaceChildren(...details.map((model) => el("li", {}, modelCard(model, show))));
    for (const each of list.querySelectorAll("details")) open(each, opened.get(nameOf(each)));
    document.querySelector("#none").hidden = models.length > 0;
  } catch (error) {
    problem.textContent = reason(error);
  }
  list.ariaBusy = "false";
}

/** As the one in its place was; a comparison stays, with the pictures that were chosen for it. */
function open(details, before) {
  if (before?.classList.contains("compared-versions")) details.replaceWith(before);
  else details.open = Boolean(before);
}

function nameOf(details) {
  return `${details.closest("article").ariaLabel} ${details.firstElementChild.textContent}`;
}

watchPublication(show);
onKey(show);
show();
