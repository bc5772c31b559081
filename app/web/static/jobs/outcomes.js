// The contact sheet of a translated folder: every picture, and the files that did not become one.

import { disclosure, el } from "../dom.js";

const REPORT = /(^|\/)report\.jsonl$/;
const PICTURE = /\.(jpe?g|png|webp|avif|gif|bmp)$/i;
const TYPES = { jpg: "image/jpeg", jpeg: "image/jpeg", png: "image/png", webp: "image/webp", avif: "image/avif", gif: "image/gif", bmp: "image/bmp" };
const MOST = 200;

/** Of the zip's entries, a Map of names to Blobs. */
export async function outcomes(entries) {
  const report = [...entries].find(([name]) => REPORT.test(name));
  const rows = report ? (await report[1].text()).split("\n").filter(Boolean).map((line) => JSON.parse(line)) : [];
  const last = new Map(rows.map((row) => [row.file, row])); // a later run's row counts
  const failed = [...last.values()].filter(({ outcome }) => outcome === "failed");
  const pictures = [...entries].filter(([name]) => PICTURE.test(name));
  return el("div", { className: "sheet-of-pictures" },
    failed.length ? disclosure(`${failed.length} not translated`, el("ul", { className: "lines" }, failed.map(failure))) : null,
    el("ul", { className: "contact" }, pictures.slice(0, MOST).map(([name, blob]) => picture(name, blob))),
    pictures.length > MOST ? el("p", { className: "soft" }, `The first ${MOST} of ${pictures.length}; all are in the zip.`) : null);
}

function failure({ file, reason, error }) {
  return el("li", {}, el("code", {}, file), ` ${reason ?? error ?? ""}`);
}

function picture(name, blob) {
  const type = TYPES[name.split(".").pop().toLowerCase()];
  const url = URL.createObjectURL(new Blob([blob], { type }));
  return el("li", {}, el("a", { href: url, download: name.split("/").pop(), title: name }, el("img", { src: url, alt: name, loading: "lazy" })));
}
