// The two domains on their way to a dataset: two folders, a folder or a zip of both, or one that is there already.

import { json, list, reason } from "../api.js";
import { bytes, count, el } from "../dom.js";
import { watchDrop } from "../dataset/gather.js";
import { reportOf } from "../dataset/report.js";
import { send } from "../dataset/sending.js";
import { thumbs, zipFolders } from "../dataset/thumbs.js";
import { freshName, packFolders, slug } from "../dataset/names.js";

const SPLITS = /^(train|test)[AB]$/; // a root with both domains' splits, as published ones have them

const form = document.querySelector("#order");
const known = document.querySelector("#known");
const fresh = document.querySelector("#fresh");
const report = document.querySelector("#report");
const examine = document.querySelector("#examine");
const zones = { first: document.querySelector("#first"), second: document.querySelector("#second") };
const given = { first: null, second: null };

/** Calls `onDataset` with one that can be trained on, null while there is none. */
export function watchPictures(onDataset, complain) {
  for (const side of Object.keys(zones)) watchDrop(zones[side], (found) => take(side, found, complain));
  examine.addEventListener("click", async () => {
    if (given.second && names().length < 2) return complain("Give both domains a name.");
    examine.disabled = true;
    complain("");
    try {
      const dataset = await send(pack, { name: freshName(names().join("2")), kind: "pair", domains: names().join(",") });
      history.replaceState(null, "", `/train?dataset=${dataset.name}`);
      await showDataset(dataset, onDataset);
      await fillKnown(dataset.name);
    } catch (error) {
      complain(reason(error));
    }
    examine.disabled = false;
  });
  known.querySelector("select").addEventListener("change", async ({ target: { value } }) => {
    try {
      await showDataset(value ? await json(`/v1/datasets/${value}`) : null, onDataset);
    } catch (error) {
      complain(reason(error));
    }
  });
}

/** Offers those that are here, and takes the one that the address names. */
export async function offerKnown(onDataset) {
  const wanted = new URLSearchParams(location.search).get("dataset");
  await fillKnown(wanted);
  if (wanted && !report.children.length) await showDataset(await json(`/v1/datasets/${encodeURIComponent(wanted)}`), onDataset);
}

async function fillKnown(chosen) {
  const pairs = (await list("/v1/datasets?limit=200", "datasets")).filter(({ kind }) => kind === "pair");
  const select = known.querySelector("select");
  known.hidden = !pairs.length;
  select.replaceChildren(select.options[0], ...pairs.map(({ name, domains, pictures }) =>
    el("option", { value: name, selected: name === chosen }, `${name}: ${domains.join(" and ")}, ${count(pictures, "picture")}`)));
}

async function showDataset(dataset, onDataset) {
  fresh.hidden = dataset !== null && !given.first;
  report.replaceChildren(...(dataset ? [reportOf(dataset)] : []));
  onDataset(dataset);
}

async function take(side, found, complain) {
  if (!found.files.length) return complain("There are no files in it.");
  if (side === "second" && found.zip) return complain("A zip holds both domains: give it as the first.");
  complain("");
  const isWhole = side === "first" && (found.zip !== null || found.folders.length > 1);
  given[side] = found;
  zones.second.parentElement.classList.toggle("unused", isWhole);
  if (isWhole) given.second = null;
  const folders = isWhole ? await wholeFolders(found) : [[found.name, found.files]];
  suggest(side, isWhole ? folders.map(([name]) => name) : [found.name]);
  const what = `${found.zip ? found.zip.name : count(found.files.length, "file")}, ${bytes(found.bytes)}`;
  examine.disabled = !(isWhole || (given.first && given.second));
  const rows = await thumbs(folders);
  if (given[side] === found) zones[side].querySelector(".gathered").replaceChildren(el("p", {}, what), ...rows);
}

async function wholeFolders(found) {
  if (!found.zip) return found.folders.map((name) => [name, found.folder(name).files]);
  const folders = await zipFolders(found.zip);
  return folders.map(([path, files]) => [path.split("/").pop(), files]);
}

/** Names for the domains' fields, where a person has written none. */
function suggest(side, folders) {
  const fields = side === "second" ? [form.second] : [form.first, form.second];
  if (folders.some((name) => SPLITS.test(name)) || folders.length > fields.length) return;
  folders.forEach((name, index) => {
    const field = fields[index];
    if (!field.value || field.value === field.dataset.suggested) field.value = field.dataset.suggested = slug(name);
  });
}

/** As they will be called; none where the archive's own folders are to say it. */
function names() {
  const written = [form.first.value, form.second.value].map(slug);
  return written.every(Boolean) ? written : [];
}

function pack() {
  const { first, second } = given;
  if (second) {
    const [a, b] = names();
    return packFolders([[a, first], [b, second]]);
  }
  return first.zip ?? packFolders([["", first]]);
}
