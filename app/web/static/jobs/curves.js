// Live curves, a small chart for each figure, drawn by uPlot, which the screen loads before.

import { el, number } from "../dom.js";

const HEIGHT = 190;
const SYNC = "steps";
const COLOURS = ["--accent", "--other"]; // of the lines in one chart
const dark = matchMedia("(prefers-color-scheme: dark)");

export class Curves {
  /** `names` has a title and a meaning for each; `lines` what the curves of one chart are called, where there are two. */
  constructor(names, lines = [""]) {
    Object.assign(this, { names, lines, steps: [], charts: [] });
    this.values = Object.fromEntries(Object.keys(names).map((name) => [name, lines.map(() => [])]));
    this.grid = el("div", { className: "curves" });
    this.element = el("div", { hidden: true }, lines.length > 1 ? legend(lines) : null, this.grid);
    dark.addEventListener("change", () => { this.#rebuild(); this.#draw(); });
    new ResizeObserver(() => this.#fit()).observe(this.element);
  }

  /** `values` are by name, a number for each line. Steps only grow: what comes again takes the place of what was drawn. */
  add(step, values) {
    while (this.steps.length && this.steps.at(-1) >= step) {
      this.steps.pop();
      for (const curve of Object.values(this.values).flat()) curve.pop();
    }
    this.steps.push(step);
    for (const [name, curves] of Object.entries(this.values)) curves.forEach((curve, line) => curve.push(values[name]?.[line] ?? null));
    if (!this.isDue) {
      this.isDue = true;
      requestAnimationFrame(() => { this.isDue = false; this.#draw(); });
    }
  }

  #draw() {
    if (!this.steps.length) return;
    if (this.element.hidden) {
      this.element.hidden = false;
      this.#rebuild();
    }
    for (const { name, plot, place, figure } of this.charts) {
      plot.setData([this.steps, ...this.values[name]]);
      const last = this.values[name].map((curve) => (curve.at(-1) === null ? "not finite" : number(curve.at(-1), 3)));
      figure.replaceChildren(...last.map((text, line) => el("span", { className: this.lines.length > 1 ? `line-${line}` : "" }, text)));
      const told = last.map((text, line) => [this.lines[line], text].filter(Boolean).join(" ")).join(", ");
      place.setAttribute("aria-label", `${this.names[name][0]}, ${told} at step ${this.steps.at(-1)}`);
    }
  }

  #rebuild() {
    if (this.element.hidden) return;
    for (const { plot } of this.charts) plot.destroy();
    const cells = Object.entries(this.names).map(([name, words]) => cell(name, words));
    this.grid.replaceChildren(...cells.map(({ element }) => element));
    this.charts = cells.map((each) => ({ ...each, plot: this.#plot(each) }));
  }

  #plot({ name, place }) {
    const style = getComputedStyle(document.documentElement);
    const probe = (variable) => colour(style.getPropertyValue(variable));
    const axis = { stroke: probe("--soft"), grid: { stroke: probe("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui" };
    const points = { show: this.steps.length < 2 || this.lines.length > 1 }; // where there are few
    return new uPlot({
      width: Math.max(place.clientWidth, 100), height: HEIGHT,
      legend: { show: false },
      cursor: { sync: { key: SYNC }, y: false, points: { size: 7 } },
      scales: { x: { time: false } },
      axes: [{ ...axis, size: 26, space: 70 }, { ...axis, size: 48 }],
      series: [{}, ...this.lines.map((_, line) => ({ stroke: probe(COLOURS[line]), width: 2, points }))],
    }, [this.steps, ...this.values[name]], place);
  }

  #fit() {
    for (const { plot, place } of this.charts) plot.setSize({ width: Math.max(place.clientWidth, 100), height: HEIGHT });
  }
}

function legend(lines) {
  return el("p", { className: "lines-legend" }, lines.map((name, line) => el("span", { className: `line-${line}` }, name)));
}

function cell(name, [title, meaning]) {
  const [place, figure] = [el("div", { role: "img" }), el("span", { className: "number" })];
  const element = el("figure", { className: "curve" },
    el("figcaption", { title: meaning }, el("strong", {}, title), figure, el("small", {}, meaning)), place);
  return { name, place, figure, element };
}

/** A variable's colour as it is now: a canvas knows no light-dark(). */
function colour(value) {
  const probe = el("span", { hidden: true });
  probe.style.color = value;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
