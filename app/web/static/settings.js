// The Settings screen: what GET /v1 says of the service.

import { json, reason } from "./api.js";
import { bytes, duration, facts, number, table } from "./dom.js";
import { onKey } from "./key.js";

const count = (value) => number(value, 12);
const pixels = (value) => `${count(value)} pixels`;
const LIMITS = { // the groups of what is limited: its name for people, and how its value is said
  "A picture": {
    max_body_bytes: ["upload at most", bytes],
    max_pixels: ["at most", (value) => `${number(value / 1e6)} million pixels`],
    max_side: ["its sides at most", pixels],
    min_side: ["its sides at least", pixels],
    max_aspect: ["as long as wide at most", (value) => `${number(value)} times`],
    input_formats: ["formats", (value) => value.join(", ")],
  },
  "A translation": {
    max_samples: ["samples", count],
    max_output_pixels: ["pixels of all its samples", (value) => `${number(value / 1e6)} million`],
    timeout_s: ["takes at most", duration],
    max_queue: ["under way and waiting at once", count],
    rate_limit: ["calls of a key or an address", (value) => (value === "0" ? "any number" : value.replace("/", " a "))],
    output_formats: ["formats", (value) => value.join(", ")],
  },
  Jobs: {
    max_unfinished_jobs: ["not over at once, of a key", count],
  },
  "Results that are kept": {
    max_results_bytes: ["all of them", bytes],
    max_results_age_days: ["after their last use", (value) => `${number(value)} days`],
  },
  "A dataset": {
    max_dataset_upload_bytes: ["its archive at most", bytes],
    max_dataset_bytes: ["unpacked at most", bytes],
    max_dataset_entry_bytes: ["a picture of it at most", bytes],
    max_dataset_entries: ["pictures", count],
    max_datasets_bytes: ["all datasets together", bytes],
  },
  "A model's bundle": {
    max_bundle_bytes: ["sent and unpacked at most", bytes],
  },
};

const problem = document.querySelector("#problem");

async function show() {
  problem.textContent = "";
  try {
    const { version, device, limits } = await json("/v1");
    document.querySelector("#service").replaceChildren(facts([["Version", version], ["Device", device]]));
    document.querySelector("#limits").replaceChildren(...Object.entries(LIMITS).map(([title, rows]) => group(title, rows, limits)));
  } catch (error) {
    problem.textContent = reason(error);
  }
}

function group(title, rows, limits) {
  const known = Object.entries(rows).filter(([name]) => name in limits);
  return table(title, null, known.map(([name, [label, say]]) => [label, say(limits[name])]));
}

onKey(show);
show();
