// The Train screen: pictures, a recipe, a job. The address names the job from then on.

import { go } from "../address.js";
import { json, reason } from "../api.js";
import { el } from "../dom.js";
import { suggest } from "../dataset/names.js";
import { showRecent } from "../jobs/list.js";
import { order } from "../jobs/order.js";
import { showLinked } from "../jobs/view.js";
import { onKey } from "../key.js";
import { Fields } from "./fields.js";
import { offerKnown, watchPictures } from "./pictures.js";

const PREFERRED = "quick"; // fits any machine

const form = document.querySelector("#order");
const problem = document.querySelector("#problem");
const recipes = document.querySelector("#recipe");
const publication = document.querySelector("#publication");
const fields = new Fields(recipes.querySelector(".fields"), recipes.querySelector(".rest"));
const complain = (text) => (problem.textContent = text);

let dataset = null;
let book = null;

async function onDataset(found) {
  dataset = found;
  recipes.hidden = publication.hidden = !found;
  if (!found) return;
  suggest(form.model, found.domains.join("2"));
  try {
    const known = await askForBook();
    if (!recipes.querySelector("input[name=recipe]")) drawRecipes(known);
  } catch (error) {
    complain(reason(error));
  }
}

/** Seconds the first time that somebody asks, so it is asked for before it is needed. */
function askForBook() {
  book ??= json("/v1/recipes");
  book.catch(() => (book = null));
  return book;
}

function drawRecipes(book) {
  const preferred = book.recipes.find(({ name }) => name === PREFERRED) ?? book.recipes[0];
  const rows = [preferred, ...book.recipes.filter((recipe) => recipe !== preferred)].map(({ name, description }) =>
    el("label", {}, el("input", { type: "radio", name: "recipe", value: name, checked: name === preferred.name }), el("strong", {}, name), el("small", {}, description)));
  recipes.querySelector(".recipes").append(...rows);
  recipes.querySelector(".recipes").addEventListener("change", ({ target: { value } }) => showRecipe(value));
  const showRecipe = (name) => {
    fields.show(book.schema, book.recipes.find((recipe) => recipe.name === name));
    askForSteps();
  };
  showRecipe(preferred.name);
}

/** Unless minutes stand in their place. */
function askForSteps() {
  fields.ask("training.steps", form.minutes.value === "");
}

async function submit(event) {
  event.preventDefault();
  if (!dataset) return;
  const button = publication.querySelector("[type=submit]");
  button.disabled = true;
  complain("");
  try {
    const job = await order({
      kind: "train", dataset: dataset.name, model: form.model.value, activate: form.activate.checked,
      recipe: new FormData(form).get("recipe"), set: fields.changes(), minutes: Number(form.minutes.value) || null,
    });
    go(`/train?job=${job.id}`);
    show();
  } catch (error) {
    complain(reason(error));
  }
  button.disabled = false;
}

async function show() {
  complain("");
  const isShown = showLinked(document.querySelector("#job"));
  form.hidden = new URLSearchParams(location.search).has("job");
  document.querySelector("#again").hidden = !form.hidden;
  if (!form.hidden) askForBook();
  try {
    await Promise.all([showRecent(document.querySelector("#recent"), "train"), form.hidden ? null : offerKnown(onDataset)]);
  } catch (error) {
    complain(reason(error));
  }
  await isShown;
}

watchPictures(onDataset, complain);
form.addEventListener("submit", submit);
form.minutes.addEventListener("input", askForSteps);
onKey(show);
show();
