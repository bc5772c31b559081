// The Models screen: a card for each, from what GET /v1/models and its cards say.

import { json, reason } from "../api.js";
import { el } from "../dom.js";
import { onKey } from "../key.js";
import { modelCard } from "./card.js";

const list = document.querySelector("#models");
const problem = document.querySelector("#problem");

async function show() {
  problem.textContent = "";
  try {
    const { models } = await json("/v1/models");
    const details = await Promise.all(models.map(({ name }) => json(`/v1/models/${encodeURIComponent(name)}`)));
    list.replaceChildren(...details.map((model) => el("li", {}, modelCard(model))));
    document.querySelector("#none").hidden = models.length > 0;
  } catch (error) {
    problem.textContent = reason(error);
  }
  list.ariaBusy = "false";
}

onKey(show);
show();
