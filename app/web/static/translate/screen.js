// The Translate screen. Without it the form posts the picture and the browser shows the answer.

import { reach, reason } from "../api.js";
import { Unreadable } from "../files.js";
import { onKey } from "../key.js";
import { isOdd, told } from "../score.js";
import { linkedFile, UNKNOWN, writeLink } from "./link.js";
import { drawStrip, Picture, watchFiles } from "./pictures.js";
import { eachOf, translation } from "./request.js";
import { Sample } from "./sample.js";
import { followLink, link, readSettings, setSeed, watchSettings } from "./settings.js";
import { drawSpread, hideSpread } from "./spread.js";
import { watchToolbar } from "./toolbar.js";

const AT_ONCE = 4; // requests on their way: more would only wait at the service
const OF_THE_PICTURE = [413, 415, 422]; // refusals that say nothing of the next picture

const form = document.querySelector("form");
const original = document.querySelector("#original");
const unseen = document.querySelector("#unseen"); // says so where the browser cannot show the original
const problem = document.querySelector("#problem");
const home = document.querySelector("#score"); // how much at home the picture is in its domain
const progress = document.querySelector("#progress");
const list = document.querySelector("#samples");

let pictures = [];
let chosen = null;
let settings = null; // of the samples that are shown
let round = new AbortController(); // what a newer round of samples calls off
let isAtWork = false;

/** All pictures anew, as the form is now. */
function restart() {
  const wanted = readSettings();
  if (!wanted) return;
  settings = wanted;
  for (const picture of pictures) picture.forget();
  round.abort();
  round = new AbortController();
  isAtWork = false;
  goOn();
}

/** The pictures that have no samples yet, the one that is looked at before the others. */
async function goOn() {
  draw();
  if (isAtWork || !settings || !chosen) return;
  isAtWork = true;
  const { signal } = round;
  const start = performance.now();
  const next = () => [chosen, ...pictures].find((picture) => picture && !picture.samples.length && !picture.problem);
  while (next() && !signal.aborted) await translate(next(), signal);
  if (signal.aborted) return;
  isAtWork = false;
  report((performance.now() - start) / 1000);
}

async function translate(picture, signal) {
  const { to, source, seeds, draws, wayBack } = settings;
  picture.samples = seeds.map((seed) => new Sample(picture, draws ? seed : null, to, wayBack ? source : null, actions));
  draw();
  const isWanted = () => !signal.aborted && pictures.includes(picture);
  const say = (text) => isWanted() && (progress.textContent = text);
  say(`Translating ${pictures.length > 1 ? `${picture.name} ` : ""}to ${to} …`);
  let done = 0;
  try {
    await eachOf(picture.samples, AT_ONCE, async (sample) => {
      if (!isWanted()) return;
      const { blob, score } = await translation(picture.file, { ...settings, seed: sample.seed ?? seeds[0] }, { signal, onWait: say });
      if (!isWanted()) return;
      sample.fill(blob);
      picture.score = score;
      if (picture === chosen) drawScore();
      done += 1;
      say(`${done} of ${picture.samples.length}${pictures.length > 1 ? ` of ${picture.name}` : ""}`);
    });
  } catch (error) {
    if (isWanted()) fail(picture, error);
  }
  if (isWanted() && picture === chosen) drawTools();
}

/** One reason is enough for all samples: a refused picture is refused each time. */
function fail(picture, error) {
  const isItsOwn = error instanceof Unreadable || OF_THE_PICTURE.includes(error.status);
  const text = reason(error);
  for (const each of (isItsOwn ? [picture] : pictures).filter(({ samples }) => !samples.some(({ blob }) => blob))) {
    each.forget();
    each.problem = text;
  }
  for (const sample of picture.samples) sample.giveUp();
  picture.problem = text; // also where some of its samples came
  draw();
}

function report(seconds) {
  const count = pictures.flatMap(({ samples }) => samples).filter(({ blob }) => blob).length;
  const of = pictures.length > 1 ? `${pictures.length} pictures, ` : "";
  progress.textContent = count ? `${of}${count} sample${count > 1 ? "s" : ""} in ${seconds.toFixed(1)} s. Drag across one to compare.` : "";
}

const actions = {
  reuse({ seed }) {
    setSeed(seed);
    restart();
  },
  async back(sample) {
    const { signal } = round;
    const isWanted = () => !signal.aborted && pictures.includes(sample.picture);
    const file = new File([sample.blob], sample.fileName, { type: sample.blob.type });
    try {
      const { blob } = await translation(file, { ...settings, to: sample.source, seed: sample.seed ?? settings.seeds[0] }, { signal });
      if (isWanted()) sample.fillBack(blob);
    } catch (error) {
      if (!isWanted()) return;
      sample.hideBack();
      problem.textContent = reason(error);
    }
  },
};

function draw() {
  problem.textContent = chosen?.problem ?? "";
  drawScore();
  list.replaceChildren(...(chosen?.samples ?? []).map(({ card }) => card));
  drawStrip(pictures, chosen, choose, remove);
  drawTools();
}

function drawScore() {
  const score = chosen?.score ?? null;
  home.hidden = score === null;
  if (home.hidden) return;
  home.classList.toggle("odd", isOdd(score));
  home.textContent = isOdd(score)
    ? `Unlike ${settings.source} (score ${told(score)}): translations may go wrong.`
    : `Looks like ${settings.source} (score ${told(score)}).`;
}

const drawTools = watchToolbar({
  pictures: () => pictures,
  chosen: () => chosen,
  archive: () => `${settings.to}-${settings.seeds[0]}.zip`,
  spread: (blobs) => (blobs ? drawSpread(blobs) : hideSpread()),
});

function choose(picture) {
  chosen = picture;
  original.alt = `The picture to translate: ${picture.isExample ? "an example" : picture.name}`;
  unseen.textContent = `${picture.name} cannot be shown by this browser`;
  original.hidden = false;
  if (original.src !== picture.url) original.src = picture.url;
  hideSpread(); // which is another picture's
  keepLink(picture);
  draw();
}

function remove(picture) {
  const index = pictures.indexOf(picture);
  pictures = pictures.filter((each) => each !== picture);
  picture.close();
  if (picture === chosen) choose(pictures[Math.min(index, pictures.length - 1)]);
  else draw();
}

/** In place of those that were there, the example's among them; several are beside one another. */
function take(files) {
  for (const picture of pictures) picture.close();
  pictures = files.map((file) => new Picture(file));
  choose(pictures[0]);
  restart();
}

async function keepLink(picture) {
  const digest = picture.isExample ? "" : ((await picture.digest()) ?? UNKNOWN);
  if (picture === chosen && settings) writeLink(settings.fields, settings.seeds.length, digest);
}

function fitFrames() {
  if (!original.naturalWidth) return;
  const aspect = Math.min(Math.max(original.naturalWidth / original.naturalHeight, 0.5), 2.5);
  document.documentElement.style.setProperty("--aspect", aspect);
}

/** The link's picture, else the example; a link to one that is not here asks for it. */
async function firstPicture() {
  if (!link.picture) return original.src ? [await exampleFile(), true] : [null];
  const file = await linkedFile(link.picture);
  if (!file) problem.textContent = "This link has the settings, but its picture is not kept here: choose it again.";
  return [file, false];
}

async function exampleFile() {
  const blob = await (await reach(original.src)).blob();
  return new File([blob], new URL(original.src).pathname.split("/").pop(), { type: blob.type });
}

function start() {
  followLink();
  watchFiles(form.image, take, (text) => (problem.textContent = text));
  const renew = () => { restart(); if (chosen) keepLink(chosen); };
  let isRenewed = false; // in this very moment: Enter in a field that was changed is a change and a submission
  watchSettings({
    submit() { if (!isRenewed) renew(); },
    change() { renew(); isRenewed = true; setTimeout(() => (isRenewed = false)); },
  });
  onKey(() => (chosen ? restart() : begin()));
  original.addEventListener("load", fitFrames);
  original.addEventListener("error", () => (original.hidden = true));
  fitFrames();
  if (link.picture) original.hidden = true;
  begin();
}

async function begin() {
  problem.textContent = "";
  settings = readSettings();
  try {
    const [file, isExample] = await firstPicture();
    if (pictures.length || !file) return; // a person was faster
    pictures = [new Picture(file, isExample)];
    choose(pictures[0]);
    goOn();
  } catch (error) {
    problem.textContent = reason(error);
  }
}

if (form) start();
