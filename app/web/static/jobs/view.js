// One job: how far it is, what can be done with it, what it said, what came of it.

import { json, reason } from "../api.js";
import { date, el, facts } from "../dom.js";
import { follow } from "./events.js";
import { logOf } from "./log.js";
import { Outcomes } from "./outcomes.js";
import { resultOf } from "./result.js";
import { trainingOf } from "./training.js";
import { FINISHED, KINDS, progressText, titleOf } from "./words.js";

const CONTROLS = { // what can be asked for, by state
  pause: ["queued", "running", "interrupted"],
  resume: ["paused"],
  retry: ["failed", "cancelled"],
  cancel: ["queued", "running", "paused", "interrupted"],
};
const CUT = "How far it is cannot be followed just now; trying again …";
const FORESTALLED = { paused: ["pause"], cancelled: ["pause", "cancel"] }; // by what its worker was told already

export class JobView {
  /** `onState` is told of the job whenever its state is another. */
  constructor(root, id, onState = () => {}) {
    Object.assign(this, { root, id, onState, job: null, isCut: false, isAsked: false });
    this.title = el("h2", { tabIndex: -1 });
    this.bar = el("progress", { max: 1, ariaLabel: "Progress" });
    this.text = el("p", { className: "number soft" });
    this.badge = el("span", { className: "badge", role: "status" });
    this.problem = el("p", { role: "alert" });
    this.buttons = { ...Object.fromEntries(Object.keys(CONTROLS).map((verb) => [verb, this.#control(verb)])), delete: this.#deletion() };
    this.controls = el("p", { className: "actions" }, Object.values(this.buttons));
    this.about = el("div", {});
    this.outcome = el("div", { className: "outcome" });
  }

  /** Shows it and goes along with it to its end. Throws what the service refuses. */
  async show(signal) {
    this.root.replaceChildren(this.problem);
    this.job = await json(`/v1/jobs/${this.id}`, { signal });
    this.training = this.job.kind === "train" ? trainingOf(this.id, (error) => this.complain(error)) : null;
    this.outcomes = this.job.links.pictures ? new Outcomes(this.id) : null;
    this.title.textContent = `${KINDS[this.job.kind] ?? this.job.kind}: ${titleOf(this.job)}`;
    this.root.replaceChildren(
      el("header", { className: "job-head" }, this.title, this.badge),
      this.bar, this.text, this.problem, this.controls, this.outcome,
      ...[this.training, this.outcomes].filter(Boolean).map(({ element }) => element),
      this.about, logOf(() => this.job));
    this.#draw();
    const onEvent = (name, data) => this.#on(name, data, signal).catch((error) => this.complain(error));
    const onCut = (isCut) => {
      this.isCut = isCut;
      this.#drawProgress();
    };
    await follow(this.id, onEvent, onCut, signal);
  }

  complain(error) {
    if (error.name !== "AbortError") this.problem.textContent = reason(error);
  }

  async #on(name, data, signal) {
    this.training?.on(name, data);
    if (name === "progress") {
      this.job.progress = data;
      this.#drawProgress();
      this.#drawOutcomes();
    } else if (name === "state" || name === "done") {
      this.job = await json(`/v1/jobs/${this.id}`, { signal });
      this.#draw();
    }
  }

  #draw() {
    const { job } = this;
    const { state, wanted, error, params, created, started, finished, attempt } = job;
    const told = wanted ? `about to be ${wanted}` : state;
    if (this.badge.textContent !== told) this.badge.textContent = told; // is read out
    this.badge.className = `badge ${state}`;
    this.problem.textContent = error ? `${error.detail[0].toUpperCase()}${error.detail.slice(1)}` : "";
    this.#drawControls();
    this.about.replaceChildren(facts([
      ["Ordered", date(created)], ["Began", started && date(started)], ["Ended", finished && date(finished)],
      ["Attempts", attempt > 1 ? String(attempt) : null],
      ...Object.entries(params).filter(([, value]) => typeof value === "string" || typeof value === "number").map(([name, value]) => [name[0].toUpperCase() + name.slice(1), String(value)]),
    ]));
    this.#drawProgress();
    this.#drawOutcomes();
    this.onState(job);
    if (state === "succeeded" && !this.outcome.children.length) this.outcome.append(resultOf(job));
  }

  /** Where the one that has the focus goes, the title gets it: another button may do the contrary. */
  #drawControls() {
    const { state, wanted } = this.job;
    for (const [verb, button] of Object.entries(this.buttons)) {
      const isGone = !(CONTROLS[verb] ?? FINISHED).includes(state) || FORESTALLED[wanted]?.includes(verb);
      if (isGone && button === document.activeElement) this.title.focus();
      button.hidden = isGone;
    }
    this.controls.hidden = Object.values(this.buttons).every(({ hidden }) => hidden);
  }

  #drawOutcomes() {
    this.outcomes?.load(FINISHED.includes(this.job.state)).catch((error) => this.complain(error));
  }

  #drawProgress() {
    const { state, progress } = this.job;
    this.bar.hidden = FINISHED.includes(state);
    if (progress?.total) this.bar.value = progress.done / progress.total;
    else this.bar.removeAttribute("value");
    this.text.textContent = this.isCut ? CUT : progressText(this.job);
  }

  #control(verb) {
    return this.#button(verb[0].toUpperCase() + verb.slice(1), async () => {
      this.job = await json(`/v1/jobs/${this.id}/${verb}`, { method: "POST" });
      this.#draw();
      if (verb === "retry") location.reload(); // its events begin anew
    });
  }

  #deletion() {
    const act = async () => {
      await json(`/v1/jobs/${this.id}`, { method: "DELETE" });
      location.assign("/jobs");
    };
    return this.#button("Delete", act, "Delete this job and its files? Nothing brings them back.");
  }

  #button(title, act, question = null) {
    const button = el("button", { type: "button", className: "quiet" }, title);
    button.addEventListener("click", async () => {
      if (this.isAsked || (question && !confirm(question))) return;
      this.isAsked = true; // a button that is disabled would lose the focus
      try {
        await act();
      } catch (error) {
        this.complain(error);
      }
      this.isAsked = false;
    });
    return button;
  }
}

const followed = new WeakMap(); // from a root to what ends its view

/** The view of the job that the page's address names, in `root`, in the place of an earlier one. */
export async function showLinked(root) {
  followed.get(root)?.abort();
  const id = new URLSearchParams(location.search).get("job");
  root.hidden = !id;
  if (!id) return;
  const end = new AbortController();
  followed.set(root, end);
  const view = new JobView(root, id);
  try {
    await view.show(end.signal);
  } catch (error) {
    view.complain(error);
  }
}
