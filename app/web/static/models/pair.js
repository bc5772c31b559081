// A picture and what the model makes of it: our example, where the model knows its kind.

import { el } from "../dom.js";
import { translation } from "../translate/request.js";

const examples = document.querySelector("#models").dataset.examples.split(" ").filter(Boolean); // domains that we have a picture of
const SEED = 7;

/** Nothing where there is no example of either domain. It is asked for once it comes into view. */
export function samplePair({ name, directions }) {
  const way = directions.find(({ source }) => examples.includes(source));
  if (!way) return null;
  const picture = `/examples/${way.source}.jpg`;
  const made = el("div", { className: "frame waiting" });
  const pair = el("div", { className: "pair" },
    el("div", { className: "frame" }, el("img", { src: picture, alt: `A ${way.source}, to be translated` })), made);
  new IntersectionObserver(([{ isIntersecting }], observer) => {
    if (!isIntersecting) return;
    observer.disconnect();
    translate(name, way.to, picture, made);
  }).observe(pair);
  return pair;
}

async function translate(model, to, picture, frame) {
  try {
    const file = new File([await (await fetch(picture)).blob()], "example.jpg", { type: "image/jpeg" });
    const made = await translation(file, { model, to, seed: SEED, temperature: 1 });
    frame.append(el("img", { src: URL.createObjectURL(made), alt: `The same as ${to}, by ${model}` }));
  } catch (error) {
    console.warn(error); // a key may not allow it: the card stands without a picture
  }
  frame.classList.remove("waiting");
}
