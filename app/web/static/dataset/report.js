// The doctor's report on a dataset: what it has, what is wrong with it and what to do.

import { bytes, count, disclosure, el, number, table } from "../dom.js";

const SHOWN = 50;

export function reportOf({ name, pictures, bytes: size, skipped, report }) {
  const { findings = [], folders = [] } = report;
  return el("section", { className: "report", ariaLabel: "Report" },
    el("h2", {}, `${name}: ${count(pictures, "picture")}, ${bytes(size)}`),
    findings.length ? el("ul", { className: "findings" }, findings.map(finding)) : el("p", { className: "fine" }, "Nothing is wrong with them."),
    folders.length ? disclosure("Folders", foldersTable(folders)) : null,
    skippedOf(skipped), unreadable(folders), duplicates(report));
}

/** What the service left out of an archive, null where it took all. */
export function skippedOf(skipped) {
  return skipped.count ? reasons("left out", skipped) : null;
}

function finding({ level, message, advice }) {
  return el("li", { className: level },
    el("strong", {}, level === "error" ? "Error" : "Warning"), " ",
    el("span", {}, sentence(message)), advice ? el("span", { className: "soft" }, ` ${sentence(advice)}`) : null);
}

function foldersTable(folders) {
  const range = (found) => (found ? `${found.smallest} to ${found.largest}` : "–");
  const rows = folders.map((each) => [`${each.domain}${each.split === "single" ? "" : `, ${each.split}`}`,
    number(each.pictures, 9), range(each.width), range(each.height), Object.keys(each.formats).join(", ")]);
  return table("Folders", ["", "pictures", "width", "height", "formats"], rows);
}

function unreadable(folders) {
  const lost = folders.map((folder) => folder.unreadable);
  const all = { count: sum(lost.map(({ count: each }) => each)), files: lost.flatMap(({ files }) => files) };
  return all.count ? reasons("that cannot be read", all) : null;
}

function duplicates({ exact, near }) {
  const found = [exact, near].filter(Boolean);
  const groups = sum(found.map((each) => each.groups));
  const more = (size, { length }) => (size > length ? ` and ${size - length} more` : "");
  const rows = found.flatMap(({ listed }) => listed).map(({ files, count: size }) => el("li", {}, `${files.join(", ")}${more(size, files)}`));
  return groups ? disclosure(`${count(groups, "group")} of pictures that are the same or nearly`, lines(rows, groups)) : null;
}

/** Of files, all of them counted and the first of them listed. */
function reasons(what, { count: all, files }) {
  const rows = files.map(({ file, reason }) => el("li", {}, el("code", {}, file), ` ${reason}`));
  return disclosure(`${count(all, "file")} ${what}`, lines(rows, all));
}

function lines(rows, all) {
  const shown = rows.slice(0, SHOWN);
  return el("ul", { className: "lines" }, shown, all > shown.length ? el("li", {}, `and ${count(all - shown.length, "other")}`) : null);
}

function sum(numbers) {
  return numbers.reduce((total, each) => total + each, 0);
}

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
