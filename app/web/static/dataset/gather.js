// Pictures from a person's disk: folders that are dropped or chosen, single files, or a zip of them.

import { reason } from "../api.js";
import { Unreadable } from "../files.js";

/** A name, and its files with their paths inside it; or one zip, as it is. */
export class Gathered {
  constructor(name, files) {
    Object.assign(this, { name, files });
  }

  get zip() {
    const [only, ...more] = this.files;
    return only && !more.length && /\.zip$/i.test(only.file.name) ? only.file : null;
  }

  get bytes() {
    return this.files.reduce((sum, { file }) => sum + file.size, 0);
  }

  /** The folders right below, sorted; empty where files lie beside them. */
  get folders() {
    const first = this.files.map(({ path }) => path.split("/"));
    return first.every(({ length }) => length > 1) ? [...new Set(first.map(([name]) => name))].sort() : [];
  }

  /** What lies in one of its folders. */
  folder(name) {
    const inside = this.files.filter(({ path }) => path.startsWith(`${name}/`));
    return new Gathered(name, inside.map(({ path, file }) => ({ path: path.slice(name.length + 1), file })));
  }
}

/** Of a list of files: those of a folder input have paths, whose first part is the folder. */
export function fromList(list) {
  const files = [...list].map((file) => ({ path: file.webkitRelativePath || file.name, file })).filter(isShown);
  return withoutRoot(files);
}

/** Of what was dropped, read right away: a transfer is empty after its event. */
export async function fromTransfer(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some(({ isDirectory }) => isDirectory)) return fromList(transfer.files);
  const files = (await Promise.all(entries.map((entry) => walk(entry, "")))).flat().filter(isShown);
  return entries.length === 1 ? withoutRoot(files) : new Gathered("pictures", files);
}

/** Calls `take` with what is dropped on the element or chosen by its inputs; `complain` where it fails. */
export function watchDrop(zone, take, complain) {
  const pass = passTo(take, complain);
  const dragging = (on) => (event) => { event.preventDefault(); zone.classList.toggle("dragging", on); };
  zone.addEventListener("dragover", dragging(true));
  zone.addEventListener("dragleave", dragging(false));
  zone.addEventListener("drop", (event) => {
    dragging(false)(event);
    pass(fromTransfer(event.dataTransfer));
  });
  for (const input of zone.querySelectorAll("input[type=file]")) {
    input.addEventListener("change", () => {
      if (input.files.length) pass(fromList(input.files));
      input.value = ""; // the same choice again is a choice
    });
  }
}

/** As `watchDrop`, with files that are pasted. */
export function fromPaste(take, complain) {
  const pass = passTo(take, complain);
  document.addEventListener("paste", ({ clipboardData: { files } }) => files.length && pass(fromList(files)));
}

function passTo(take, complain) {
  return async (found) => {
    try {
      await take(await found);
    } catch (error) {
      complain(reason(error));
    }
  };
}

function withoutRoot(files) {
  const roots = new Set(files.map(({ path }) => path.split("/")[0]));
  const isOne = roots.size === 1 && files.every(({ path }) => path.includes("/"));
  if (!isOne) return new Gathered(files.length === 1 ? stem(files[0].path) : "pictures", files);
  const [root] = roots;
  return new Gathered(root, files.map(({ path, file }) => ({ path: path.slice(root.length + 1), file })));
}

async function walk(entry, parent) {
  const path = parent ? `${parent}/${entry.name}` : entry.name;
  if (entry.isFile) return [{ path, file: await fileOf(entry, path) }];
  const reader = entry.createReader();
  const children = [];
  for (;;) { // a hundred at a time
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) break;
    children.push(...some);
  }
  return (await Promise.all(children.map((child) => walk(child, path)))).flat();
}

function fileOf(entry, path) {
  return new Promise((resolve, reject) => entry.file(resolve, () => reject(new Unreadable(path))));
}

function isShown({ path }) {
  return !path.split("/").some((part) => part.startsWith("."));
}

function stem(name) {
  return name.replace(/\.[^.]*$/, "");
}
