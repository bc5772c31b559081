// What a training measures on pictures that it does not learn from: a chart for each figure, a curve for each direction.

import { json } from "../api.js";
import { el, number } from "../dom.js";
import { Curves } from "./curves.js";
import { titleOf, withUnit } from "./figures.js";

const MEANINGS = { // by line and name, as an evaluation has them
  "sample/kernel": "samples to held-out pictures of their domain; less is better",
  "sample/frechet": "the same by mean and covariance of the features",
  "diversity/pixel_std": "how far samples of one picture lie apart",
  "diversity/feature_distance": "the same in what the network sees",
  "cycle/plain": "mean absolute error of what comes back",
  "bound/total": "NELBO one way and NAPLBO the other, by the model's own ratios",
};

export class Evaluations {
  constructor(job) {
    Object.assign(this, { job, curves: null, shown: 0, wanted: 0 });
    this.best = el("p", { className: "soft" });
    this.place = el("div", {});
    this.element = el("section", { className: "evaluations", ariaLabel: "On pictures held out", hidden: true },
      el("h3", {}, "On pictures held out"), this.place, this.best);
  }

  /** Those that have come since, up to that step at least. */
  async load(step) {
    this.wanted = Math.max(this.wanted, step);
    if (this.isAtWork) return;
    this.isAtWork = true;
    try {
      while (this.shown < this.wanted) {
        const { evaluations } = await json(`/v1/jobs/${this.job}/evaluations`);
        const fresh = evaluations.filter((evaluation) => evaluation.step > this.shown);
        if (!fresh.length) break; // they went with the job's files
        fresh.forEach((evaluation) => this.#add(evaluation));
        this.#tellBest(evaluations);
      }
    } finally {
      this.isAtWork = false;
    }
  }

  #add({ step, directions }) {
    const figures = directions.map(({ lines }) => Object.fromEntries(
      Object.entries(lines).flatMap(([line, found]) => Object.entries(found).map(([name, value]) => [`${line}/${name}`, value]))));
    this.curves ??= this.#draw(directions, figures);
    this.curves.add(step, Object.fromEntries(Object.keys(MEANINGS).map((name) => [name, figures.map((found) => found[name])])));
    this.shown = step;
  }

  #draw(directions, figures) {
    const measured = Object.keys(MEANINGS).filter((path) => figures.some((found) => path in found));
    const curves = new Curves(Object.fromEntries(measured.map((path) => [path, wordsOf(path)])), directions.map(({ source, to }) => `${source} to ${to}`));
    this.place.replaceChildren(curves.element);
    this.element.hidden = false;
    return curves;
  }

  #tellBest(evaluations) {
    const scored = evaluations.filter(({ score }) => score !== null);
    if (!scored.length) return;
    const best = scored.reduce((least, each) => (each.score < least.score ? each : least));
    this.best.textContent = `${withUnit("Of the mean kernel distance", "sample", "kernel")}, the least so far, ${number(best.score, 3)}, was at step ${best.step}: its weights become the model.`;
  }
}

function wordsOf(path) {
  const [line, name] = path.split("/");
  return [titleOf(name), withUnit(MEANINGS[path], line, name)];
}
