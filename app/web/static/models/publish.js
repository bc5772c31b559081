// A bundle from elsewhere, published as a version of a model.

import { Fault, json, reason } from "../api.js";
import { bytes } from "../dom.js";
import { staying, upload } from "../upload.js";

const form = document.querySelector("#publish");
const button = form.querySelector("[type=submit]");
const [bar, said] = [form.querySelector("progress"), form.querySelector("[role=status]")];

/** Calls `onChange` once it is there. */
export function watchPublication(onChange) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      await staying(publish);
      await onChange();
    } catch (error) {
      say(reason(error));
    }
    button.disabled = false;
  });
}

async function publish() {
  const [bundle] = form.bundle.files;
  const { limits: { max_bundle_bytes: most } } = await json("/v1");
  if (bundle.size > most) throw new Fault(`This is ${bytes(bundle.size)}, and the service takes a bundle of ${bytes(most)} at most.`);
  const onProgress = (share) => say(share < 1 ? `Sending, ${Math.round(100 * share)} %` : "Checking it and warming it up …", share);
  say("Sending …", 0);
  const path = `/v1/models/${encodeURIComponent(form.model.value)}/versions`;
  const { name, version } = await upload(path, bundle, form.activate.checked ? { activate: true } : {}, onProgress);
  say(`Published: version ${version} of ${name}.`);
  form.reset();
}

/** Of a share that is sent, the rest on a bar. */
function say(text, share) {
  said.textContent = text;
  bar.hidden = share === undefined;
  if (share < 1) bar.value = share;
  else bar.removeAttribute("value");
}
