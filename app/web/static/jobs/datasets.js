// What was uploaded for jobs, and is kept until somebody deletes it.

import { json, list, reason } from "../api.js";
import { bytes, count, date, el } from "../dom.js";

const UNSEEN = [401, 403]; // by a key that orders translations alone

/** Fills the section, and hides it where there are none to be seen. */
export async function showDatasets(section) {
  const problem = section.querySelector("[role=alert]");
  try {
    const datasets = await list("/v1/datasets?limit=200", "datasets");
    section.hidden = !datasets.length;
    section.querySelector("ul").replaceChildren(...datasets.map((dataset) => row(dataset, section)));
    problem.textContent = "";
  } catch (error) {
    section.hidden = UNSEEN.includes(error.status);
    problem.textContent = reason(error);
  }
}

function row({ name, domains, pictures, bytes: size, created }, section) {
  const button = el("button", { type: "button", className: "plain", ariaLabel: `Delete ${name}` }, "Delete");
  button.addEventListener("click", async () => {
    if (!confirm(`Delete ${name}, ${count(pictures, "picture")}? Nothing brings it back.`)) return;
    button.disabled = true;
    try {
      await json(`/v1/datasets/${encodeURIComponent(name)}`, { method: "DELETE" });
      await showDatasets(section);
    } catch (error) {
      section.querySelector("[role=alert]").textContent = reason(error);
      button.disabled = false;
    }
  });
  const what = [domains.join(" and "), count(pictures, "picture"), bytes(size)].filter(Boolean).join(", ");
  return el("li", {}, el("strong", {}, name), button, el("span", { className: "soft number" }, what), date(created));
}
