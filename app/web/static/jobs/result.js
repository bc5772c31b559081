// What came of a job: its files as a zip, and of translations the pictures and what became of each file.

import { call, reason } from "../api.js";
import { count, el, facts, icon } from "../dom.js";
import { authorization } from "../key.js";
import { unpack } from "../zip.js";
import { outcomes } from "./outcomes.js";

const LARGEST_SHEET = 200_000_000; // bytes of a zip that is read into memory

export function resultOf(job) {
  const { kind, params, result } = job;
  const box = el("div", { className: "result" });
  const links = el("p", { className: "actions" }, download(job));
  if (kind === "train") {
    links.prepend(el("a", { className: "button", href: `/?model=${encodeURIComponent(params.model)}` }, "Translate with it"));
    links.append(el("a", { className: "button quiet", href: "/models" }, "Models"));
  }
  box.append(el("p", { className: "fine" }, said(job)), links);
  if (kind === "translate") sheet(job).then((found) => box.append(found));
  if (kind === "evaluate" && result) box.append(facts(Object.entries(result).map(([name, value]) => [name, String(value)])));
  return box;
}

function said({ kind, params, result }) {
  if (kind === "train") return `Published as ${params.model}.`;
  if (kind !== "translate") return "Done.";
  const failed = result?.failed ? `, ${count(result.failed, "file")} could not be` : "";
  return `${count(result?.translated ?? 0, "picture")} translated${failed}. Seed ${result?.seed}.`;
}

/** A plain link, which a browser saves as it comes; a key can only be sent by script. */
function download({ id, links: { result } }) {
  const link = el("a", { className: "button quiet", href: result, download: `${id}.zip` }, icon("download"), "Download the zip");
  if (!Object.keys(authorization()).length) return link;
  link.addEventListener("click", async (event) => {
    if (link.href.startsWith("blob:")) return;
    event.preventDefault();
    link.href = URL.createObjectURL(await (await call(result)).blob());
    link.click();
  });
  return link;
}

async function sheet({ links: { result } }) {
  try {
    const head = await call(result, { method: "HEAD" });
    if (Number(head.headers.get("Content-Length")) > LARGEST_SHEET) return el("p", { className: "soft" }, "There are too many to show them here: they are in the zip.");
    const zip = await (await call(result)).blob();
    return outcomes(await unpack(zip, () => true));
  } catch (error) {
    return el("p", { role: "alert" }, reason(error));
  }
}
