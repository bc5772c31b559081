// One picture and one seed to the service, one sample back.

import { insist } from "../api.js";
import { assertReadable } from "../files.js";

const KEPT_FORMATS = { "image/jpeg": "jpeg", "image/webp": "webp", "image/avif": "avif" }; // what is not here comes as PNG
const EXTENSIONS = { jpeg: "jpg" };
const FULL = 507; // no room for links

/**
 * The picture as `blob`, kept by the service as a result where it has room, and the upload's domain `score`, null where
 * the model gives none. `options` are those of `call`. Throws Fault.
 */
export async function translation(file, { model, version = "", to, seed, temperature }, options) {
  await assertReadable(file);
  const fields = { model, version, to, seed, temperature, format: KEPT_FORMATS[file.type] ?? "png" };
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  body.set("image", file);
  const ask = (accept) => insist("/v1/translations", { method: "POST", headers: { Accept: accept }, body, ...options });
  try {
    const answer = await ask("application/json");
    const { pictures: [{ url }], domain_score: score } = await answer.json();
    return { blob: await (await insist(url, options)).blob(), score };
  } catch (error) {
    if (error.status !== FULL) throw error;
    const answer = await ask("image/*");
    const score = answer.headers.get("SJMVI-Domain-Score");
    return { blob: await answer.blob(), score: score && Number(score) };
  }
}

export function extension(blob) {
  const format = blob.type.split("/")[1];
  return EXTENSIONS[format] ?? format;
}

/** `work` for every item, a few of them at once. Where one fails, no other is begun, and those under way come to their end. */
export async function eachOf(items, atOnce, work) {
  const waiting = [...items];
  const failures = [];
  const worker = async () => {
    while (waiting.length && !failures.length) await work(waiting.shift()).catch((error) => failures.push(error));
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  if (failures.length) throw failures[0];
}
