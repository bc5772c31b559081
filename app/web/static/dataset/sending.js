// The bar of an upload, from the packing to the service's answer.

import { Fault, json } from "../api.js";
import { bytes } from "../dom.js";
import { assertReadable } from "../files.js";
import { staying, upload } from "../upload.js";

const box = document.querySelector("#sending");
const [bar, text] = box ? [box.querySelector("progress"), box.querySelector("p")] : [];

export function isSending() {
  return box.hidden === false;
}

/** The dataset as the service describes it, of the archive of `size` bytes that `pack` makes. Throws Fault. */
export async function send(pack, size, parameters) {
  box.hidden = false;
  say("Packing …");
  try {
    return await staying(async () => {
      await assertWelcome(size);
      const archive = await pack();
      await assertReadable(archive);
      const onProgress = (share) => {
        if (share < 1) say(`Sending ${bytes(archive.size)}, ${Math.round(100 * share)} %`, share);
        else say("Looking through the pictures …");
      };
      return upload("/v1/datasets", archive, parameters, onProgress);
    });
  } finally {
    box.hidden = true;
  }
}

/** Rather than after minutes of packing and sending: the key has to be good for datasets, and the size for this service. */
async function assertWelcome(size) {
  const [{ limits }] = await Promise.all([json("/v1"), json("/v1/datasets?limit=1")]);
  const most = limits.max_dataset_upload_bytes;
  if (size > most) throw new Fault(`These are ${bytes(size)}, and the service takes ${bytes(most)} at once: give fewer or smaller pictures.`);
}

function say(what, share) {
  text.textContent = what;
  if (share === undefined) bar.removeAttribute("value");
  else bar.value = share;
}
