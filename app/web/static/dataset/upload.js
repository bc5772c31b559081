// A dataset on its way to the service: packed where it is no zip yet, sent with its progress.

import { Refusal } from "../api.js";
import { authorization } from "../key.js";
import { pack } from "../zip.js";

const LONGEST = 40; // characters of a name, to leave room for what tells it from others

/** As names of datasets and domains may be; empty where nothing is left. */
export function slug(text) {
  return text.normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, LONGEST);
}

/** That nothing else is called by: datasets of one name would be in each other's way. */
export function freshName(text) {
  return `${slug(text) || "pictures"}-${Date.now().toString(36)}`;
}

/** A zip of [folder, Gathered] pairs; of an empty name what lies in it is at the top. */
export function packFolders(folders) {
  const inside = (name, path) => (name ? `${name}/${path}` : path);
  return pack(folders.flatMap(([name, { files }]) => files.map(({ path, file }) => [inside(name, path), file])));
}

/** The dataset as the service describes it. `onProgress` is told the share that is sent. Throws Refusal. */
export function upload(archive, parameters, { onProgress, signal }) {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value));
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not say how much is sent
    request.open("POST", `/v1/datasets?${query}`);
    request.responseType = "json";
    request.setRequestHeader("Content-Type", "application/zip");
    for (const [name, value] of Object.entries(authorization())) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(loaded / total));
    request.addEventListener("load", () => {
      const problem = request.response ?? { title: `Status ${request.status}`, detail: "an answer that is none of ours" };
      if (request.status === 201) resolve(request.response);
      else reject(new Refusal(request.status, problem));
    });
    request.addEventListener("error", () => reject(new TypeError("the upload was cut off")));
    signal?.addEventListener("abort", () => { request.abort(); reject(signal.reason); });
    request.send(archive);
  });
}
