// A job in words.

import { count, duration, number } from "../dom.js";

export const FINISHED = ["succeeded", "failed", "cancelled"];
export const KINDS = { train: "Training", translate: "Translation", evaluate: "Evaluation", export: "Export" };
const SCREENS = { train: "/train", translate: "/batch" };

export function titleOf({ kind, params }) {
  const what = { train: params.model, translate: `${params.dataset ?? "a picture"} to ${params.to}` };
  return what[kind] ?? [params.model, params.dataset].filter(Boolean).join(" on ");
}

export function screenOf({ id, kind }) {
  return `${SCREENS[kind] ?? "/jobs"}?job=${id}`;
}

/** As in "120 of 360 pictures, 6.3 images/s, 40 s left". */
export function progressText({ state, progress }) {
  if (!progress) return { queued: "Waits for its turn", running: "Begins …" }[state] ?? "";
  const { done, total, unit, epoch, failed, images_per_s: speed, left_s: left } = progress;
  const isRunning = state === "running";
  return [
    `${number(done, 9)} of ${count(total, unit.replace(/s$/, ""))}`,
    epoch ? `epoch ${number(epoch, 3)}` : null,
    failed ? `${failed} failed` : null,
    isRunning && speed ? `${number(speed, 3)} images/s` : null,
    isRunning && left !== null && left !== undefined ? `${duration(left)} left` : null,
  ].filter(Boolean).join(" · ");
}
