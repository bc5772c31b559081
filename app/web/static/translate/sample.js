// A sample and its card: compared with the original by a slider, translated back beside it.

import { extension } from "./request.js";

const template = document.querySelector("#sample");

export class Sample {
  /** `actions` has reuse(sample) and back(sample), which fills in the way back. */
  constructor(picture, seed, to, source, actions) {
    Object.assign(this, { picture, seed, to, source, actions, blob: null, url: null, back: null });
    this.card = template.content.firstElementChild.cloneNode(true);
    this.parts = Object.fromEntries(
      Object.entries({
        frame: ".compare", translated: ".translated", original: ".original", slider: "input", caption: ".caption",
        reuse: ".reuse", toggle: ".there-and-back", download: "p a", back: ".back", backImage: ".back img", backDownload: "figcaption a",
      }).map(([name, selector]) => [name, this.card.querySelector(selector)]),
    );
    this.#prepare();
  }

  get fileName() {
    return `${[this.picture.stem, this.to, this.seed].filter((part) => part !== null).join("-")}.${extension(this.blob)}`;
  }

  fill(blob) {
    const { translated, original, slider, toggle, download, reuse } = this.parts;
    this.blob = blob;
    this.url = URL.createObjectURL(blob);
    this.card.classList.remove("waiting");
    translated.src = download.href = this.url;
    original.src = this.picture.url;
    download.download = this.fileName;
    toggle.hidden = this.source === null;
    translated.hidden = original.hidden = download.hidden = slider.disabled = false;
    reuse.hidden = this.seed === null;
  }

  fillBack(blob) {
    this.back = { blob, url: URL.createObjectURL(blob) };
    this.parts.backImage.src = this.parts.backDownload.href = this.back.url;
    this.parts.backDownload.download = this.fileName.replace(/(?=\.[^.]*$)/, `-${this.source}`);
    this.parts.back.classList.remove("waiting");
  }

  forget() {
    for (const url of [this.url, this.back?.url]) if (url) URL.revokeObjectURL(url);
    this.card.remove();
  }

  /** What was asked for does not come. */
  giveUp() {
    this.card.classList.remove("waiting");
    this.hideBack();
  }

  hideBack() {
    this.parts.back.hidden = true;
    this.parts.back.classList.remove("waiting");
    this.parts.toggle.setAttribute("aria-pressed", "false");
  }

  #prepare() {
    const { frame, translated, slider, caption, toggle, reuse, backImage, backDownload } = this.parts;
    const name = this.seed === null ? `The ${this.to}` : `Sample of seed ${this.seed}`;
    caption.textContent = this.seed === null ? this.to : `seed ${this.seed}`;
    translated.alt = `${name}, translated to ${this.to}`;
    slider.ariaLabel = `${name}: how much of the original to show`;
    backImage.alt = `${name}, translated back to ${this.source}`;
    backDownload.firstElementChild.textContent = `back to ${this.source}`;
    toggle.lastElementChild.textContent = `Back to ${this.source}`;
    slider.addEventListener("input", () => {
      frame.style.setProperty("--shown", `${slider.value}%`);
      slider.ariaValueText = `${slider.value} % original`;
    });
    reuse.addEventListener("click", () => this.actions.reuse(this));
    toggle.addEventListener("click", () => this.#turn());
  }

  #turn() {
    const { back, toggle } = this.parts;
    const isWanted = back.hidden;
    back.hidden = !isWanted;
    toggle.setAttribute("aria-pressed", isWanted);
    if (!isWanted || this.back || back.classList.contains("waiting")) return;
    back.classList.add("waiting");
    this.actions.back(this);
  }
}
