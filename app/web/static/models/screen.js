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
    const wasOpen = new Set([...list.querySelectorAll("details[open]")].map(nameOf));
    list.replaceChildren(...details.map((model) => el("li", {}, modelCard(model, show))));
    for (const each of list.querySelectorAll("details")) each.open = wasOpen.has(nameOf(each));
    document.querySelector("#none").hidden = models.length > 0;
  } catch (error) {
    problem.textContent = reason(error);
  }
  list.ariaBusy = "false";
}

function nameOf(details) {
  return `${details.closest("article").ariaLabel} ${details.firstElementChild.textContent}`;
}

watchPublication(show);
onKey(show);
show();
