// The Batch screen: pictures in, a dataset of them, a job that translates it. The address names the job from then on.

import { go } from "../address.js";
import { reason } from "../api.js";
import { bytes, count, el } from "../dom.js";
import { fromPaste, watchDrop } from "../dataset/gather.js";
import { skippedOf } from "../dataset/report.js";
import { isSending, send } from "../dataset/sending.js";
import { thumbs, zipFolders } from "../dataset/thumbs.js";
import { freshName, packFolders } from "../dataset/names.js";
import { showRecent } from "../jobs/list.js";
import { order } from "../jobs/order.js";
import { showLinked } from "../jobs/view.js";
import { onKey } from "../key.js";
import { exact, followLink, readSettings, watchSettings } from "../translate/settings.js";

const form = document.querySelector("#order");
const start = document.querySelector("#start");
const problem = document.querySelector("#problem");
const zone = document.querySelector("#pictures");
const skipped = document.querySelector("#skipped");
const recent = document.querySelector("#recent");
const complain = (text) => (problem.textContent = text);

let gathered = null;

async function take(found) {
  if (isSending()) return complain("The pictures before are still on their way.");
  if (!found.files.length) return complain("There are no files in it.");
  complain("");
  skipped.replaceChildren();
  gathered = found;
  start.disabled = false;
  const what = found.zip ? `${found.zip.name}, ${bytes(found.bytes)}` : `${found.name}: ${count(found.files.length, "file")}, ${bytes(found.bytes)}`;
  const place = zone.querySelector(".gathered");
  place.replaceChildren(el("p", {}, what));
  const folders = found.zip ? await zipFolders(found.zip) : [["", found.files]];
  const files = folders.flatMap(([, inside]) => inside);
  if (gathered === found) place.append(...(await thumbs([["", files]])));
}

/** As a dataset, whose name it returns; what the service leaves out of it is told. */
async function upload(found) {
  const pack = () => found.zip ?? packFolders([["", found]]);
  const dataset = await send(pack, found.bytes, { name: freshName(found.name), kind: "single" });
  skipped.replaceChildren(...[skippedOf(dataset.skipped)].filter(Boolean));
  return dataset.name;
}

async function submit() {
  const settings = readSettings();
  if (!settings || !gathered) return;
  start.disabled = true;
  complain("");
  try {
    const found = gathered;
    found.sent ??= await upload(found); // so that an order that got no answer is the same when it is sent again
    const { model, to, temperature, seeds } = settings;
    const job = await order({
      kind: "translate", dataset: found.sent, model, to, samples: seeds.length, seed: exact(seeds[0]), temperature: Number(temperature),
    });
    go(`/batch?job=${job.id}`);
    show();
  } catch (error) {
    complain(reason(error));
    start.disabled = false;
  }
}

async function show() {
  complain("");
  const isShown = showLinked(document.querySelector("#job"));
  const hasJob = new URLSearchParams(location.search).has("job");
  document.querySelector("#again").hidden = !hasJob;
  if (form) form.hidden = hasJob;
  showRecent(recent, "translate").catch((error) => complain(reason(error)));
  await isShown;
}

if (form) {
  followLink();
  watchDrop(zone, take, complain);
  fromPaste(take, complain);
  watchSettings({ submit, change() {} });
}
onKey(show);
show();
