// Live curves, one small chart for each, drawn by uPlot, which the screen loads before.

import { el, number } from "../dom.js";

const HEIGHT = 190;
const SYNC = "steps";
const dark = matchMedia("(prefers-color-scheme: dark)");

export class Curves {
  /** `names` has a title and a meaning for each. */
  constructor(names) {
    this.names = names;
    this.steps = [];
    this.values = Object.fromEntries(Object.keys(names).map((name) => [name, []]));
    this.element = el("div", { className: "curves", hidden: true });
    this.charts = {};
    this.figures = {};
    dark.addEventListener("change", () => { this.#rebuild(); this.#draw(); });
    new ResizeObserver(() => this.#fit()).observe(this.element);
  }

  /** Steps only grow: what a resumed run repeats takes the place of what it has drawn already. */
  add(step, values) {
    while (this.steps.length && this.steps.at(-1) >= step) {
      this.steps.pop();
      for (const curve of Object.values(this.values)) curve.pop();
    }
    this.steps.push(step);
    for (const [name, curve] of Object.entries(this.values)) curve.push(values[name] ?? null);
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
    for (const [name, chart] of Object.entries(this.charts)) {
      chart.setData([this.steps, this.values[name]]);
      const last = this.values[name].at(-1);
      const text = last === null ? "not finite" : number(last, 3);
      this.figures[name].textContent = text;
      chart.root.parentElement.setAttribute("aria-label", `${this.names[name][0]}, ${text} at step ${this.steps.at(-1)}`);
    }
  }

  #rebuild() {
    if (this.element.hidden) return;
    for (const chart of Object.values(this.charts)) chart.destroy();
    this.element.replaceChildren(...Object.entries(this.names).map(([name, [title, meaning]]) => this.#cell(name, title, meaning)));
    for (const name of Object.keys(this.names)) this.charts[name] = this.#chart(name);
  }

  #cell(name, title, meaning) {
    this.figures[name] = el("span", { className: "number" });
    return el("figure", { className: "curve" },
      el("figcaption", { title: meaning }, el("strong", {}, title), this.figures[name], el("small", {}, meaning)),
      el("div", { id: `curve-${name}`, role: "img" }));
  }

  #chart(name) {
    const style = getComputedStyle(document.documentElement);
    const probe = (variable) => colour(style.getPropertyValue(variable));
    const place = this.element.querySelector(`#curve-${name}`);
    const axis = { stroke: probe("--soft"), grid: { stroke: probe("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui" };
    return new uPlot({
      width: Math.max(place.clientWidth, 100), height: HEIGHT,
      legend: { show: false },
      cursor: { sync: { key: SYNC }, y: false, points: { size: 7 } },
      scales: { x: { time: false } },
      axes: [{ ...axis, size: 26, space: 70 }, { ...axis, size: 48 }],
      series: [{}, { stroke: probe("--accent"), width: 2, points: { show: this.steps.length < 2 } }],
    }, [this.steps, this.values[name]], place);
  }

  #fit() {
    for (const chart of Object.values(this.charts)) chart.setSize({ width: Math.max(chart.root.parentElement.clientWidth, 100), height: HEIGHT });
  }
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
