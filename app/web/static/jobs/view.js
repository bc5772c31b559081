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
const FORESTALLED = { paused: ["pause"], cancelled: ["pause", "cancel"] }; // by what its worker was told already

export class JobView {
  /** `onState` is told of the job whenever its state is another. */
  constructor(root, id, onState = () => {}) {
    Object.assign(this, { root, id, onState, job: null });
    this.bar = el("progress", { max: 1, ariaLabel: "Progress" });
    this.text = el("p", { className: "number soft", role: "status" });
    this.badge = el("span", { className: "badge" });
    this.problem = el("p", { role: "alert" });
    this.controls = el("p", { className: "actions" });
    this.about = el("div", {});
    this.outcome = el("div", { className: "outcome" });
  }

  /** Shows it and goes along with it to its end. Throws what the service refuses. */
  async show(signal) {
    this.job = await json(`/v1/jobs/${this.id}`, { signal });
    this.training = this.job.kind === "train" ? trainingOf(this.id, (error) => this.#complain(error)) : null;
    this.outcomes = this.job.links.pictures ? new Outcomes(this.id) : null;
    this.root.replaceChildren(
      el("header", { className: "job-head" }, el("h2", {}, `${KINDS[this.job.kind] ?? this.job.kind}: ${titleOf(this.job)}`), this.badge),
      this.bar, this.text, this.problem, this.controls, this.outcome,
      ...[this.training, this.outcomes].filter(Boolean).map(({ element }) => element),
      this.about, logOf(() => this.job));
    this.#draw();
    await follow(this.id, (name, data) => this.#on(name, data, signal).catch((error) => this.#complain(error)), signal);
  }

  #complain(error) {
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
    this.badge.textContent = wanted ? `about to be ${wanted}` : state;
    this.badge.className = `badge ${state}`;
    this.problem.textContent = error ? `${error.detail[0].toUpperCase()}${error.detail.slice(1)}` : "";
    const verbs = Object.keys(CONTROLS).filter((verb) => CONTROLS[verb].includes(state) && !FORESTALLED[wanted]?.includes(verb));
    const deletion = FINISHED.includes(state) ? [this.#deletion()] : [];
    this.controls.replaceChildren(...verbs.map((verb) => this.#control(verb)), ...deletion);
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

  #drawOutcomes() {
    this.outcomes?.load(FINISHED.includes(this.job.state)).catch((error) => this.#complain(error));
  }

  #drawProgress() {
    const { state, progress } = this.job;
    this.bar.hidden = FINISHED.includes(state);
    if (progress?.total) this.bar.value = progress.done / progress.total;
    else this.bar.removeAttribute("value");
    this.text.textContent = progressText(this.job);
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
      if (question && !confirm(question)) return;
      button.disabled = true;
      try {
        await act();
      } catch (error) {
        this.#complain(error);
        button.disabled = false;
      }
    });
    return button;
  }
}

/** The view of the job that the page's address names, in `root`; calls `complain` where there is none. */
export async function showLinked(root, complain) {
  const id = new URLSearchParams(location.search).get("job");
  root.hidden = !id;
  if (!id) return false;
  try {
    await new JobView(root, id).show();
  } catch (error) {
    complain(reason(error));
  }
  return true;
}
