// What can be done with all samples of a picture: their spread, a link, a download.

import { call } from "../api.js";
import { save } from "../zip.js";

const spread = document.querySelector("#show-spread");
const copy = document.querySelector("#copy-link");
const download = document.querySelector("#download-all");
const progress = document.querySelector("#progress");

/** Returns what to call when pictures or samples are others than before. */
export function watchToolbar({ pictures, chosen, archive, spread: show }) {
  const done = (picture) => picture?.samples.filter(({ blob }) => blob) ?? [];
  const isWanted = () => spread.getAttribute("aria-pressed") === "true";
  const isWhole = () => done(chosen()).length > 1 && done(chosen()).length === chosen().samples.length;
  const showSpread = () => show(isWanted() && isWhole() ? done(chosen()).map(({ blob }) => blob) : null);

  spread.addEventListener("click", () => {
    spread.setAttribute("aria-pressed", !isWanted());
    showSpread();
  });
  copy.addEventListener("click", () => copyLink(chosen()));
  download.addEventListener("click", () => {
    const samples = pictures().flatMap(done);
    save(archive(), samples.map((sample) => [sample.fileName, sample.blob]));
  });
  return () => {
    spread.hidden = !isWhole();
    copy.hidden = !done(chosen()).length;
    download.hidden = pictures().flatMap(done).length < 2;
    showSpread();
  };
}

async function copyLink(picture) {
  const isHere = picture.isExample || (await isKept(await picture.digest()));
  const rest = isHere ? "" : " The picture is not in it: who opens it chooses that again.";
  try {
    await navigator.clipboard.writeText(location.href);
    progress.textContent = `The link is copied.${rest}`;
  } catch { // a page over plain HTTP from another machine has no clipboard
    progress.textContent = `The link is in the address bar.${rest}`;
  }
}

async function isKept(digest) {
  if (!digest) return false;
  try {
    await call(`/v1/results/${digest}`, { method: "HEAD" });
    return true;
  } catch {
    return false;
  }
}
