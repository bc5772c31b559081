// Zips, made and read in the browser. What is in them is compressed already, so it is stored as it is.

import { Fault } from "./api.js";
import { bytesOf } from "./files.js";

const library = () => import("./fflate/fflate.js"); // only once it is needed

/** A Blob of [name, Blob] pairs; of two of the same name the later gets a number. Throws Fault. */
export async function pack(files) {
  const { Zip, ZipPassThrough } = await library();
  const parts = [];
  const archive = new Zip((error, chunk) => {
    if (error) throw error;
    parts.push(new Blob([chunk])); // which a browser may keep on the disk
  });
  const taken = new Set();
  for (const [name, blob] of files) {
    const entry = new ZipPassThrough(free(name, taken));
    archive.add(entry);
    entry.push(await bytesOf(blob, name), true);
  }
  archive.end();
  return new Blob(parts, { type: "application/zip" });
}

/** A Map of the entries of a zip that are wanted, name to Blob. Throws Fault. */
export async function unpack(zip, isWanted) {
  const { unzipSync } = await library();
  const [name, bytes] = [zip.name ?? "The zip", await bytesOf(zip)];
  try {
    const entries = unzipSync(bytes, { filter: (entry) => isWanted(entry.name) });
    return new Map(Object.entries(entries).map(([entry, data]) => [entry, new Blob([data])]));
  } catch (error) {
    throw new Fault(`${name} cannot be read as a zip: ${error.message}.`);
  }
}

/** Hands the files to the browser's downloads, as one zip. */
export async function save(name, files) {
  const url = URL.createObjectURL(await pack(files));
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function free(name, taken) {
  const [, stem, extension] = name.match(/^(.*?)(\.[^.]*)?$/);
  let found = name;
  for (let number = 2; taken.has(found); number += 1) found = `${stem} (${number})${extension ?? ""}`;
  taken.add(found);
  return found;
}
