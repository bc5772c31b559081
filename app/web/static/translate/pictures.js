// The pictures to translate: chosen, dropped or pasted, with a strip to go from one to another.

import { sha256Of } from "../digest.js";

const MOST = 24; // more of them are a batch

const strip = document.querySelector("#pictures");

/** A File, an address of it to show, and its samples once there are some. */
export class Picture {
  constructor(file, isExample = false) {
    this.file = file;
    this.isExample = isExample;
    this.url = URL.createObjectURL(file);
    this.samples = [];
    this.problem = null; // why it has none
    this.score = null; // its domain score, once a sample is here, where the model gives one
  }

  get name() {
    return this.file.name;
  }

  get stem() {
    return this.name.replace(/\.[^.]*$/, "");
  }

  /** The sha256 of its bytes, as results have it; null where a browser cannot say. */
  async digest() {
    return crypto.subtle ? sha256Of(this.file) : null;
  }

  forget() {
    for (const sample of this.samples) sample.forget();
    this.samples = [];
    this.problem = null;
    this.score = null;
  }

  close() {
    this.forget();
    URL.revokeObjectURL(this.url);
  }
}

/** Calls `take` with the files that a person gives, however; `complain` where they are too many. */
export function watchFiles(input, take, complain) {
  const pass = (files) => {
    const given = [...files];
    if (given.length > MOST) complain(`These are ${given.length} pictures, and here is room for ${MOST}: Batch is the place for so many.`);
    else if (given.length) take(given);
  };
  input.required = false; // the example, a dropped or a pasted picture counts as well
  input.multiple = true;
  input.addEventListener("change", () => pass(input.files));

  const dragging = (on) => (event) => { event.preventDefault(); document.body.classList.toggle("dragging", on); };
  document.addEventListener("dragover", dragging(true));
  document.addEventListener("dragleave", dragging(false));
  document.addEventListener("drop", (event) => { dragging(false)(event); pass(event.dataTransfer.files); });
  document.addEventListener("paste", (event) => pass(event.clipboardData.files));
}

/** The strip, where there are several; `choose` and `remove` are called with one of them. */
export function drawStrip(pictures, chosen, choose, remove) {
  const hadFocus = strip.contains(document.activeElement);
  strip.hidden = pictures.length < 2;
  strip.replaceChildren(...pictures.map((picture) => item(picture, picture === chosen, choose, remove)));
  if (hadFocus) strip.querySelector("[aria-pressed=true]")?.focus();
}

function item(picture, isChosen, choose, remove) {
  const thumb = Object.assign(document.createElement("button"), { type: "button", title: picture.name });
  thumb.setAttribute("aria-pressed", isChosen);
  thumb.append(Object.assign(document.createElement("img"), { src: picture.url, alt: picture.name }));
  thumb.addEventListener("click", () => choose(picture));
  thumb.addEventListener("keydown", (event) => event.key === "Delete" && remove(picture));
  const close = Object.assign(document.createElement("button"), { type: "button", className: "remove", textContent: "×" });
  close.setAttribute("aria-label", `Remove ${picture.name}`);
  close.addEventListener("click", () => remove(picture));
  const row = document.createElement("li");
  row.append(thumb, close);
  return row;
}
