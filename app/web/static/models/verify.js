// Whether a bundle is what its digests say: every file is fetched and hashed here.

import { call, json } from "../api.js";
import { sha256Of } from "../digest.js";
import { count } from "../dom.js";
import { unpack } from "../zip.js";

const CARD = "card.json";

/** In words. `path` is that of a version; its bundle holds files named by the card, whose digest names the version. */
export async function verify(path) {
  const { digest, card } = await json(path);
  const files = await unpack(await (await call(`${path}/bundle`)).blob(), () => true);
  const expected = new Map([[CARD, digest], ...Object.entries(card.files)]);
  for (const [name, sha256] of expected) {
    if (!files.has(name)) return `${name} is missing.`;
    if ((await sha256Of(files.get(name))) !== sha256) return `${name} is not what its digest says.`;
  }
  return `${count(expected.size, "file")}, each as its digest says.`;
}
