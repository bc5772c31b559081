// A zip on its way to the service, with its progress. Whoever closes the page meanwhile is asked first.

import { Refusal, Unreachable } from "./api.js";
import { authorization } from "./key.js";

const stay = (event) => event.preventDefault();

/** What `work` returns, the page being kept open as long as it takes. */
export async function staying(work) {
  window.addEventListener("beforeunload", stay);
  try {
    return await work();
  } finally {
    window.removeEventListener("beforeunload", stay);
  }
}

/** The service's answer in JSON. `onProgress` is told the share that is sent. Throws Refusal, Unreachable. */
export function upload(path, archive, parameters, onProgress) {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value));
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not say how much is sent
    request.open("POST", `${path}?${query}`);
    request.responseType = "json";
    request.setRequestHeader("Content-Type", "application/zip");
    for (const [name, value] of Object.entries(authorization())) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(loaded / total));
    request.addEventListener("load", () => {
      const problem = request.response ?? { title: `Status ${request.status}`, detail: "an answer that is none of ours" };
      if (request.status === 201) resolve(request.response);
      else reject(new Refusal(request.status, problem));
    });
    request.addEventListener("error", () => reject(new Unreachable()));
    request.send(archive);
  });
}
