// The page's address says how its pictures were made, so that a link makes them again.

import { call } from "../api.js";

const FIELDS = ["model", "to", "seed", "temperature"];
export const UNKNOWN = "unknown"; // a picture whose digest the browser could not make

export function readLink() {
  return Object.fromEntries(new URLSearchParams(location.search));
}

/** `picture` is the sha256 of its bytes, empty for the example. */
export function writeLink(form, count, picture) {
  const query = new URLSearchParams(FIELDS.map((name) => [name, form.get(name)]));
  query.set("samples", count);
  if (picture) query.set("picture", picture);
  history.replaceState(null, "", `?${query}`);
}

/** The link's picture as a File, null where it is no result that the service still has. */
export async function linkedFile(digest) {
  if (!/^[0-9a-f]{64}$/.test(digest)) return null;
  try {
    const answer = await call(`/v1/results/${digest}`);
    const blob = await answer.blob();
    return new File([blob], `${digest.slice(0, 8)}.${blob.type.split("/")[1]}`, { type: blob.type });
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}
