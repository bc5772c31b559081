// A dataset's names and its zip, before it is sent.

import { pack } from "../zip.js";

const LONGEST = 40; // characters of a name, to leave room for what tells it from others

/** As names of datasets and domains may be; empty where nothing is left. */
export function slug(text) {
  return text.normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, LONGEST);
}

/** Into a field where a person has written nothing. */
export function suggest(field, text) {
  if (field.value && field.value !== field.dataset.suggested) return;
  field.value = field.dataset.suggested = slug(text);
}

/** That nothing else is called by: datasets of one name would be in each other's way. */
export function freshName(text) {
  return `${slug(text) || "pictures"}-${Date.now().toString(36)}`;
}

/** A zip of [folder, Gathered] pairs; of an empty name what lies in it is at the top. */
export function packFolders(folders) {
  const inside = (name, path) => (name ? `${name}/${path}` : path);
  return pack(folders.flatMap(([name, { files }]) => files.map(({ path, file }) => [inside(name, path), file])));
}
