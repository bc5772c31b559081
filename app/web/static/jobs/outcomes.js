// The contact sheet of a translation, as it grows: every picture, and the files that did not become one.

import { insist } from "../api.js";
import { disclosure, el } from "../dom.js";
import { isOdd, told } from "../score.js";
import { imageOf } from "./image.js";

const PAGE = 500;
const MOST = 300; // pictures: the zip has all of them

export class Outcomes {
  constructor(job) {
    Object.assign(this, { job, seen: 0, files: new Map(), isOver: false, hasAll: false });
    this.pictures = el("ul", { className: "contact", ariaLabel: "Translated pictures" });
    this.failures = el("ul", { className: "lines" });
    this.trouble = disclosure("", this.failures);
    this.trouble.hidden = true;
    this.oddities = el("ul", { className: "lines" });
    this.doubts = disclosure("", this.oddities);
    this.doubts.hidden = true;
    this.rest = el("p", { className: "soft", hidden: true }, `The first ${MOST}; all are in the zip.`);
    this.element = el("div", { className: "outcomes" }, this.trouble, this.doubts, this.pictures, this.rest);
  }

  /** What has come since; at the end, from the first on, for the report is put in order then. */
  async load(isOver) {
    this.isOver ||= isOver;
    if (this.isAtWork || this.hasAll) return;
    this.isAtWork = true;
    try {
      let wasOver;
      do {
        wasOver = this.isOver;
        if (wasOver) this.seen = 0;
        await this.#read();
      } while (wasOver !== this.isOver);
      this.hasAll = wasOver;
    } finally {
      this.isAtWork = false;
    }
  }

  async #read() {
    for (let more = true; more;) {
      const { files } = await (await insist(`/v1/jobs/${this.job}/pictures?after=${this.seen}&limit=${PAGE}`)).json();
      files.forEach((file) => this.#add(file));
      this.seen += files.length;
      more = files.length === PAGE;
    }
  }

  #add({ file, outcome, pictures, domain_score: score, message }) {
    if (this.files.get(file) === outcome) return;
    this.files.set(file, outcome);
    if (outcome === "failed") {
      this.failures.append(el("li", {}, el("code", {}, file), ` ${message}`));
      this.trouble.hidden = false;
      this.trouble.firstElementChild.textContent = `${this.failures.children.length} not translated`;
    }
    if (isOdd(score)) {
      this.oddities.append(el("li", {}, el("code", {}, file), ` scores ${told(score)}`));
      this.doubts.hidden = false;
      this.doubts.firstElementChild.textContent = `${this.oddities.children.length} unlike their domain: look at these`;
    }
    for (const url of pictures) {
      this.rest.hidden = this.pictures.children.length < MOST;
      if (this.rest.hidden) this.pictures.append(el("li", {}, imageOf(url, decodeURIComponent(url.split("/pictures/")[1]))));
    }
  }
}
