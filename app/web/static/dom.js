// Elements, and the words for numbers and times.

/** An element with properties, attributes where there is no such property, and children; null ones are left out. */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.classList.add("icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `/static/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/** [name, value] pairs as a list of terms; pairs without a value are left out. */
export function facts(pairs) {
  const given = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  const isLong = (value) => typeof value === "string" && value.length > 36;
  const row = ([name, value]) => el("div", { className: isLong(value) ? "long" : "" }, el("dt", {}, name), el("dd", {}, value));
  return el("dl", { className: "facts" }, given.map(row));
}

/** `rows` of cells, of which the first names its row. */
export function table(caption, columns, rows) {
  const head = columns ? el("thead", {}, el("tr", {}, columns.map((name) => el("th", { scope: "col" }, name)))) : null;
  const body = rows.map(([name, ...cells]) => el("tr", {}, el("th", { scope: "row" }, name), cells.map((cell) => el("td", {}, cell))));
  return el("div", { className: "scrolled", tabIndex: 0, role: "group", ariaLabel: caption },
    el("table", {}, el("caption", {}, caption), head, el("tbody", {}, body)));
}

export function disclosure(title, ...children) {
  return el("details", {}, el("summary", {}, title), ...children);
}

export function number(value, digits = 4) {
  return new Intl.NumberFormat("en", { maximumSignificantDigits: digits }).format(value);
}

export function count(value, noun) {
  return `${new Intl.NumberFormat("en").format(value)} ${noun}${value === 1 ? "" : "s"}`;
}

export function bytes(value) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const power = Math.min(Math.floor(Math.log10(Math.max(value, 1)) / 3), units.length - 1);
  return `${number(value / 1000 ** power, 3)} ${units[power]}`;
}

export function date(text) {
  const when = new Date(text);
  const shown = when.toLocaleString("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
  return el("time", { dateTime: text, title: when.toLocaleString() }, shown);
}

/** As in 2 h 5 min. */
export function duration(seconds) {
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  if (hours) return `${hours} h ${minutes} min`;
  return minutes ? `${minutes} min${minutes < 5 && rest ? ` ${rest} s` : ""}` : `${rest} s`;
}
