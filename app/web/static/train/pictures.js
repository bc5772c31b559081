// The two domains on their way to a dataset: two folders, a folder or a zip of both, or one that is there already.

import { rename } from "../address.js";
import { json, list, reason } from "../api.js";
import { bytes, count, el } from "../dom.js";
import { watchDrop } from "../dataset/gather.js";
import { reportOf } from "../dataset/report.js";
import { isSending, send } from "../dataset/sending.js";
import { thumbs, zipFolders } from "../dataset/thumbs.js";
import { freshName, packFolders, slug, suggest } from "../dataset/names.js";

const SPLITS = /^(train|test)[AB]$/; // a root with both domains' splits, as published ones have them

const form = document.querySelector("#order");
const known = document.querySelector("#known");
const select = known.querySelector("select");
const fresh = document.querySelector("#fresh");
const report = document.querySelector("#report");
const examine = document.querySelector("#examine");
const fields = [form.first, form.second]; // the domains' names
const zones = { first: document.querySelector("#first"), second: document.querySelector("#second") };
const given = { first: null, second: null };

/** Calls `onDataset` with one that can be trained on, null while there is none. */
export function watchPictures(onDataset, complain) {
  for (const side of Object.keys(zones)) watchDrop(zones[side], (found) => take(side, found, onDataset, complain), complain);
  for (const field of fields) field.addEventListener("change", () => (field.value = slug(field.value)));
  examine.addEventListener("click", async () => {
    if (names().length < (given.second ? 2 : fields.filter(({ value }) => value).length)) return complain("Give both domains a name of Latin letters and digits.");
    examine.disabled = true;
    complain("");
    try {
      const dataset = await send(pack, bytesGiven(), { name: freshName(names().join("2")), kind: "pair", domains: names().join(",") });
      rename(`/train?dataset=${dataset.name}`);
      showDataset(dataset, onDataset);
      await fillKnown(dataset.name);
    } catch (error) {
      complain(reason(error));
    }
    examine.disabled = false;
  });
  select.addEventListener("change", async () => {
    const { value } = select;
    onDataset(null);
    try {
      const dataset = value ? await json(`/v1/datasets/${value}`) : null;
      if (select.value === value) showDataset(dataset, onDataset); // else another was chosen meanwhile
    } catch (error) {
      complain(reason(error));
    }
  });
}

/** Offers those that are here, and takes the one that the address names. */
export async function offerKnown(onDataset) {
  const wanted = new URLSearchParams(location.search).get("dataset");
  await fillKnown(wanted);
  if (wanted && !report.children.length) showDataset(await json(`/v1/datasets/${encodeURIComponent(wanted)}`), onDataset);
}

async function fillKnown(chosen) {
  const pairs = (await list("/v1/datasets?limit=200", "datasets")).filter(({ kind }) => kind === "pair");
  known.hidden = !pairs.length;
  select.replaceChildren(select.options[0], ...pairs.map(({ name, domains, pictures }) =>
    el("option", { value: name, selected: name === chosen }, `${name}: ${domains.join(" and ")}, ${count(pictures, "picture")}`)));
}

function showDataset(dataset, onDataset) {
  fresh.hidden = dataset !== null && !given.first;
  report.replaceChildren(...(dataset ? [reportOf(dataset)] : []));
  onDataset(dataset);
}

async function take(side, found, onDataset, complain) {
  if (isSending()) return complain("The pictures before are still on their way.");
  if (!found.files.length) return complain("There are no files in it.");
  if (side === "second" && found.zip) return complain("A zip holds both domains: give it as the first.");
  complain("");
  disarm(onDataset);
  const isWhole = side === "first" && (found.zip !== null || found.folders.length > 1);
  given[side] = found;
  zones.second.hidden = isWhole;
  if (isWhole) forgetSecond();
  examine.disabled = !(isWhole || (given.first && given.second));
  const what = `${found.zip ? found.zip.name : count(found.files.length, "file")}, ${bytes(found.bytes)}`;
  const place = zones[side].querySelector(".gathered");
  place.replaceChildren(el("p", {}, what));
  const folders = isWhole ? await wholeFolders(found) : [[found.name, found.files]];
  if (given[side] !== found) return;
  suggestNames(isWhole ? fields : [form[side]], folders.map(([name]) => name));
  const rows = await thumbs(folders);
  if (given[side] === found) place.append(...rows);
}

function forgetSecond() {
  given.second = null;
  zones.second.querySelector(".gathered").replaceChildren();
}

/** What was examined is not what would be trained on now. */
function disarm(onDataset) {
  select.value = "";
  rename("/train");
  showDataset(null, onDataset);
}

async function wholeFolders(found) {
  return found.zip ? zipFolders(found.zip) : found.folders.map((name) => [name, found.folder(name).files]);
}

function suggestNames(inputs, folders) {
  const isClear = folders.length <= inputs.length && !folders.some((name) => SPLITS.test(name));
  inputs.forEach((field, index) => suggest(field, (isClear && folders[index]) || ""));
}

/** As they will be called; none where the archive's own folders are to say it. */
function names() {
  const written = fields.map(({ value }) => slug(value));
  return written.every(Boolean) ? written : [];
}

function bytesGiven() {
  return given.first.bytes + (given.second?.bytes ?? 0);
}

function pack() {
  const { first, second } = given;
  if (second) {
    const [a, b] = names();
    return packFolders([[a, first], [b, second]]);
  }
  return first.zip ?? packFolders([["", first]]);
}
