// The doctor's report on a dataset: what it has, what is wrong with it and what to do.

import { bytes, count, disclosure, el, number, table } from "../dom.js";

const SHOWN = 50;

export function reportOf({ name, pictures, bytes: size, skipped, report }) {
  const { findings = [], folders = [] } = report;
  return el("section", { className: "report", ariaLabel: "Report" },
    el("h2", {}, `${name}: ${count(pictures, "picture")}, ${bytes(size)}`),
    findings.length ? el("ul", { className: "findings" }, findings.map(finding)) : el("p", { className: "fine" }, "Nothing is wrong with them."),
    folders.length ? disclosure("Folders", foldersTable(folders)) : null,
    skipped.count ? disclosure(`${count(skipped.count, "file")} left out`, reasons(skipped.files.map(({ file, reason }) => [file, reason]))) : null,
    unreadable(folders), duplicates(report));
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
  const files = folders.flatMap((folder) => folder.unreadable.files);
  if (!files.length) return null;
  return disclosure(`${count(files.length, "file")} that cannot be read`, reasons(files.map(({ file, reason }) => [file, reason])));
}

function duplicates({ exact, near }) {
  const groups = [...(exact?.listed ?? []), ...(near?.listed ?? [])];
  if (!groups.length) return null;
  const rows = groups.slice(0, SHOWN).map(({ files, count: size }) => el("li", {}, `${files.join(", ")}${size > files.length ? ` and ${size - files.length} more` : ""}`));
  return disclosure(`${count(groups.length, "group")} of pictures that are the same or nearly`, el("ul", { className: "lines" }, rows));
}

function reasons(pairs) {
  return el("ul", { className: "lines" }, pairs.slice(0, SHOWN).map(([file, reason]) => el("li", {}, el("code", {}, file), ` ${reason}`)));
}

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
