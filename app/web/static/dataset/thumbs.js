// A few of the pictures that were given, small, before and while the service has them.

import { count, el } from "../dom.js";
import { unpack } from "../zip.js";

const MOST = 8;
const LARGEST_ZIP = 300_000_000; // bytes: it is read into memory
const SIDE = 128;
const PICTURE = /\.(jpe?g|png|webp|avif|gif|bmp)$/i; // that browsers show

/** A row for each folder, of [name, files with paths] pairs. */
export async function thumbs(folders) {
  return Promise.all(folders.map(async ([name, files]) => {
    const pictures = files.filter(({ path }) => PICTURE.test(path));
    const shown = await Promise.all(spread(pictures, MOST).map(({ path, file }) => thumb(file, path)));
    const title = name ? el("h3", {}, `${name}, ${count(pictures.length, "picture")}`) : null;
    return el("div", { className: "thumbs" }, title, el("div", { className: "row" }, shown));
  }));
}

/** [folder, files] pairs of a zip, the files being the few that are to be shown. */
export async function zipFolders(zip) {
  if (zip.size > LARGEST_ZIP) return [];
  const names = [];
  await unpack(zip, (name) => { if (PICTURE.test(name) && !hidden(name)) names.push(name); return false; });
  const folders = Map.groupBy(names, (name) => name.split("/").slice(0, -1).join("/"));
  const wanted = new Set([...folders.values()].flatMap((inside) => spread(inside, MOST)));
  const files = await unpack(zip, (name) => wanted.has(name));
  return [...folders].map(([folder, inside]) => [folder, inside.map((path) => ({ path, file: files.get(path) }))]);
}

/** From the whole length of a list, evenly. */
export function spread(list, most) {
  const step = Math.max(list.length / most, 1);
  return Array.from({ length: Math.min(list.length, most) }, (_, index) => list[Math.floor(index * step)]);
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
