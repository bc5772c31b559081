// What a job's commands said, asked for while it is looked at.

import { call, reason } from "../api.js";
import { disclosure, el } from "../dom.js";
import { FINISHED } from "./words.js";

const EVERY_MS = 3000;

export function logOf(job) {
  const text = el("pre", { tabIndex: 0, className: "log" });
  const details = disclosure("Log", text);
  const show = async () => {
    const atEnd = text.scrollTop + text.clientHeight >= text.scrollHeight - 4;
    try {
      text.textContent = (await (await call(`/v1/jobs/${job().id}/log`)).text()) || "Nothing yet.";
    } catch (error) {
      text.textContent = reason(error);
    }
    if (atEnd) text.scrollTop = text.scrollHeight;
    if (details.open && details.isConnected && !FINISHED.includes(job().state)) setTimeout(show, EVERY_MS);
  };
  details.addEventListener("toggle", () => details.open && show());
  return details;
}
