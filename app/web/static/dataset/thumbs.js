// A few of the pictures that were given, small, before and while the service has them.

import { count, el } from "../dom.js";
import { unpack } from "../zip.js";

const MOST = 8;
const LARGEST_ZIP = 300_000_000; // bytes: it is read into memory
const SIDE = 128;
const PICTURE = /\.(jpe?g|jpe|jfif|a?png|webp|avifs?|gif|bmp|tiff?)$/i; // that the service reads; a browser may not

/** A row for each folder, of [name, files with paths] pairs. */
export async function thumbs(folders) {
  return Promise.all(folders.map(async ([name, files]) => {
    const pictures = files.filter(({ path }) => PICTURE.test(path));
    const shown = await Promise.all(spread(pictures, MOST).map(({ path, file }) => thumb(file, path)));
    const title = name ? el("h3", {}, `${name}, ${count(pictures.length, "picture")}`) : null;
    return el("div", { className: "thumbs" }, title, el("div", { className: "row" }, shown));
  }));
}

/**
 * [folder, files] pairs of a zip, sorted as the service takes them, the folders around all left out; of the files the
 * few that are to be shown have their contents. Throws Fault.
 */
export async function zipFolders(zip) {
  if (zip.size > LARGEST_ZIP) return [];
  const names = [];
  await unpack(zip, (name) => { if (PICTURE.test(name) && !hidden(name)) names.push(name); return false; });
  const folders = Map.groupBy(names, folderIn(names));
  const wanted = new Set([...folders.values()].flatMap((inside) => spread(inside, MOST)));
  const files = await unpack(zip, (name) => wanted.has(name));
  return [...folders.keys()].sort().map((folder) => [folder, folders.get(folder).map((path) => ({ path, file: files.get(path) }))]);
}

/** From the whole length of a list, evenly. */
export function spread(list, most) {
  const step = Math.max(list.length / most, 1);
  return Array.from({ length: Math.min(list.length, most) }, (_, index) => list[Math.floor(index * step)]);
}

/** From a path to the first folder of it that is not around all of them; of pictures beside such folders it is empty. */
function folderIn(paths) {
  const parts = paths.map((path) => path.split("/"));
  const isAroundAll = (depth) => parts.every((path) => path.length > depth + 2 && path[depth] === parts[0][depth]);
  let depth = 0;
  while (parts.length && isAroundAll(depth)) depth += 1;
  return (path) => path.split("/").slice(depth, -1)[0] ?? "";
}

async function thumb(file, path) {
  const frame = el("span", { className: "thumb", title: path });
  if (!file) return frame;
  try {
    const picture = await createImageBitmap(file);
    const scale = SIDE / Math.min(picture.width, picture.height);
    const [width, height] = [picture.width, picture.height].map((side) => Math.round(side * scale));
    const canvas = el("canvas", { width, height, role: "img", ariaLabel: path });
    canvas.getContext("2d").drawImage(picture, 0, 0, width, height);
    picture.close();
    frame.append(canvas);
  } catch {
    frame.classList.add("unseen-by-browser"); // the service may still read it
  }
  return frame;
}

function hidden(name) {
  return name.split("/").some((part) => part.startsWith(".") || part === "__MACOSX");
}
