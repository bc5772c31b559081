// A bundle from elsewhere, published as a version of a model.

import { reason } from "../api.js";
import { upload } from "../upload.js";

const form = document.querySelector("#publish");

/** Calls `onChange` once it is there. */
export function watchPublication(onChange) {
  const [bar, said] = [form.querySelector("progress"), form.querySelector("[role=status]")];
  const say = (text, share) => {
    said.textContent = text;
    bar.hidden = share === undefined;
    if (share < 1) bar.value = share;
    else bar.removeAttribute("value");
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const path = `/v1/models/${encodeURIComponent(form.model.value)}/versions`;
    const onProgress = (share) => say(share < 1 ? `Sending, ${Math.round(100 * share)} %` : "Checking it and warming it up …", share);
    say("Sending …", 0);
    try {
      const { name, version } = await upload(path, form.bundle.files[0], form.activate.checked ? { activate: true } : {}, onProgress);
      say(`Published: version ${version} of ${name}.`);
      form.reset();
      await onChange();
    } catch (error) {
      say(reason(error));
    }
  });
}
