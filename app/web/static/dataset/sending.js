// The bar of an upload, from the packing to the service's answer.

import { bytes } from "../dom.js";
import { upload } from "../upload.js";

const box = document.querySelector("#sending");
const [bar, text] = box ? [box.querySelector("progress"), box.querySelector("p")] : [];

/** The dataset as the service describes it, of the archive that `pack` makes. */
export async function send(pack, parameters) {
  box.hidden = false;
  say("Packing …");
  try {
    const archive = await pack();
    const onProgress = (share) => {
      if (share < 1) say(`Sending ${bytes(archive.size)}, ${Math.round(100 * share)} %`, share);
      else say("Looking through the pictures …");
    };
    return await upload("/v1/datasets", archive, parameters, onProgress);
  } finally {
    box.hidden = true;
  }
}

function say(what, share) {
  text.textContent = what;
  if (share === undefined) bar.removeAttribute("value");
  else bar.value = share;
}
