// A training as it goes: the terms of its objective and what is measured on the way as curves, and its sample grids.

import { insist, json } from "../api.js";
import { el, number } from "../dom.js";
import { Curves } from "./curves.js";
import { Evaluations } from "./evaluations.js";

const TERMS = { // by the names of a run's log
  nell: ["NELL", "reconstruction of the first domain from its translation"],
  nelp: ["NELP", "reconstruction of the second from its translation"],
  kl_latent: ["KL latent", "translations of the first are distributed as the second is"],
  kl_observed: ["KL observed", "translations of the second as the first is"],
};

/** `complain` is given what the service refuses. */
export function trainingOf(job, complain) {
  const curves = new Curves(TERMS);
  const grids = new Grids(job, complain);
  const evaluations = new Evaluations(job);
  const element = el("div", { className: "training" }, el("div", { className: "terms" }, curves.element, evaluations.element), grids.element);
  grids.load().catch(complain);
  return {
    element,
    on(name, data) {
      if (data.terms) curves.add(data.done, Object.fromEntries(Object.entries(data.terms).map(([term, value]) => [term, [value]])));
      if (data.evaluated) evaluations.load(data.evaluated).catch(complain);
      if (data.sample) grids.load(data.sample).catch(complain);
    },
  };
}

/** The sample grids, with a slider over the steps; it stays at the newest until it is moved. */
class Grids {
  constructor(job, complain) {
    Object.assign(this, { job, samples: [], images: new Map(), newest: null });
    this.image = el("img", { alt: "" });
    this.slider = el("input", { type: "range", min: 0, max: 0, ariaLabel: "Step of the sample grid" });
    this.label = el("span", { className: "number" });
    this.element = el("figure", { className: "grids", hidden: true },
      el("div", { className: "frame" }, this.image),
      el("figcaption", {}, el("label", { className: "measured" }, this.label, this.slider),
        el("p", { className: "soft" }, "A row a picture: itself, its translations, and the first of them translated back.")));
    this.slider.addEventListener("input", () => this.#show().catch(complain));
  }

  /** With the one of that address, if there is one. The events of a long training tell of the same again and again. */
  async load(newest = null) {
    if (newest && newest === this.newest) return; // it was asked for, whatever came of it
    this.newest = newest;
    if (this.isAtWork || this.#has(newest)) return;
    this.isAtWork = true;
    try {
      let asked;
      do {
        asked = this.newest;
        await this.#fetch();
      } while (asked !== this.newest && !this.#has(this.newest));
    } finally {
      this.isAtWork = false;
    }
  }

  #has(sample) {
    return this.samples.some(({ url }) => url === sample);
  }

  async #fetch() {
    const { samples } = await json(`/v1/jobs/${this.job}/samples`);
    if (samples.length === this.samples.length) return;
    const wasAtEnd = this.slider.valueAsNumber === Number(this.slider.max);
    this.samples = samples;
    this.element.hidden = !samples.length;
    this.slider.max = samples.length - 1;
    if (wasAtEnd) this.slider.value = samples.length - 1;
    await this.#show();
  }

  async #show() {
    const { step, url } = this.samples[this.slider.valueAsNumber];
    this.slider.ariaValueText = `step ${step}`;
    const image = await this.#fetched(url);
    if (this.samples[this.slider.valueAsNumber].url !== url) return; // moved on meanwhile
    this.label.textContent = `step ${number(step, 9)}`;
    this.image.src = image;
    this.image.alt = `Translations after step ${step}`;
  }

  /** Once, unless it could not be. */
  #fetched(url) {
    if (!this.images.has(url)) {
      const image = insist(url).then(async (answer) => URL.createObjectURL(await answer.blob()));
      this.images.set(url, image);
      image.catch(() => this.images.delete(url));
    }
    return this.images.get(url);
  }
}
