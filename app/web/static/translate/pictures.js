// The pictures to translate: chosen, dropped or pasted, with a strip to go from one to another.

import { sha256Of } from "../digest.js";

const MOST = 24; // more of them are a batch

const form = document.querySelector("form");
const strip = document.querySelector("#pictures");

/** A File, an address of it to show, and its samples once there are some. */
export class Picture {
  constructor(file, isExample = false) {
    this.file = file;
    this.isExample = isExample;
    this.url = URL.createObjectURL(file);
    this.samples = [];
    this.problem = null; // why it has none, or not all
    this.score = null; // its domain score, once a sample is here, where the model gives one
    this.row = null; // of the strip
  }

  get name() {
    return this.file.name;
  }

  get stem() {
    return this.name.replace(/\.[^.]*$/, "");
  }

  /** The sha256 of its bytes, as results have it; null where a browser cannot say, or cannot read it. */
  async digest() {
    return crypto.subtle ? sha256Of(this.file).catch(() => null) : null;
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

/** Calls `take` with the files that a person gives, however; `complain` where they are too many, or a folder. */
export function watchFiles(input, take, complain) {
  const pass = (files) => {
    const given = [...files];
    if (given.length > MOST) complain(`These are ${given.length} pictures, and here is room for ${MOST}: Batch is the place for so many.`);
    else if (given.length) take(given);
  };
  input.required = false; // the example, a dropped or a pasted picture counts as well
  input.multiple = true;
  input.addEventListener("change", () => {
    pass(input.files);
    input.value = ""; // the same choice again is a choice
  });

  const dragging = (on) => (event) => { event.preventDefault(); document.body.classList.toggle("dragging", on); };
  document.addEventListener("dragover", dragging(true));
  document.addEventListener("dragleave", dragging(false));
  document.addEventListener("drop", (event) => {
    dragging(false)(event);
    const { items, files } = event.dataTransfer;
    if ([...items].some((item) => item.webkitGetAsEntry?.()?.isDirectory)) complain("This is a folder: Batch is the place for it.");
    else pass(files);
  });
  document.addEventListener("paste", (event) => pass(event.clipboardData.files));
}

/** The strip, where there are several; `choose` and `remove` are called with one of them. */
export function drawStrip(pictures, chosen, choose, remove) {
  const hadFocus = strip.contains(document.activeElement);
  const rows = pictures.map((picture) => (picture.row ??= item(picture, choose, remove)));
  for (const row of [...strip.children]) if (!rows.includes(row)) row.remove();
  strip.append(...rows.filter((row) => !row.isConnected)); // the others keep their place, and the focus
  pictures.forEach((picture) => picture.row.firstChild.setAttribute("aria-pressed", picture === chosen));
  strip.hidden = pictures.length < 2;
  if (hadFocus && strip.hidden) form.image.focus();
  else if (hadFocus && !strip.contains(document.activeElement)) chosen.row.firstChild.focus();
}

function item(picture, choose, remove) {
  const thumb = Object.assign(document.createElement("button"), { type: "button", title: picture.name });
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
