// What a model makes of pictures: of our example where it knows its kind, else of those that it was trained on.

import { call, json, list } from "../api.js";
import { el } from "../dom.js";
import { translation } from "../translate/request.js";

const examples = document.querySelector("#models").dataset.examples.split(" ").filter(Boolean); // domains that we have a picture of
const SEED = 7;
let trainings = null; // asked for once, where a model needs it

/** Made once it comes into view; it goes again where there is nothing to show. */
export function samplesOf({ name, digest, directions }) {
  const way = directions.find(({ source }) => examples.includes(source));
  const box = way ? el("div", { className: "pair" }) : el("div", { className: "pair grid-of" }, el("div", { className: "frame waiting" }));
  if (way) box.append(frame(`/examples/${way.source}.jpg`, `A ${way.source}, to be translated`), el("div", { className: "frame waiting" }));
  new IntersectionObserver(([{ isIntersecting }], observer) => {
    if (!isIntersecting) return;
    observer.disconnect();
    (way ? translated(name, way) : trainedOn(name, digest)).then(
      (found) => (found ? box.lastElementChild.replaceWith(found) : box.remove()),
      (error) => { console.warn(error); box.remove(); }, // a key may not allow it: the card stands without
    );
  }).observe(box);
  return box;
}

async function translated(model, { source, to }) {
  const picture = await (await fetch(`/examples/${source}.jpg`)).blob();
  const file = new File([picture], "example.jpg", { type: picture.type });
  const { blob } = await translation(file, { model, to, seed: SEED, temperature: 1 });
  return frame(URL.createObjectURL(blob), `The same as ${to}, by ${model}`);
}

/** The last sample grid of the training that the version in use comes from, null where that is not known here. */
async function trainedOn(model, digest) {
  trainings ??= list("/v1/jobs?kind=train&state=succeeded&limit=200", "jobs");
  const training = (await trainings).find(({ result }) => result.digest === digest);
  const samples = training ? (await json(training.links.samples)).samples : [];
  if (!samples.length) return null;
  const grid = await (await call(samples.at(-1).url)).blob();
  return el("img", { src: URL.createObjectURL(grid), alt: `${model} on pictures of its training: each, its translations, and the first of them translated back` });
}

function frame(src, alt) {
  return el("div", { className: "frame" }, el("img", { src, alt }));
}
