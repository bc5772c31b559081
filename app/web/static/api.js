// The public HTTP API, as any client has it: the key sent along, problems as exceptions, a busy service asked again.

import { asksForKey, authorization, isMissing } from "./key.js";

const PATIENCE = 20; // times that a busy service is asked again
const BUSY = [429, 503];

/** An error whose message is for people. */
export class Fault extends Error {}

export class Refusal extends Fault {
  constructor(status, { type, title, detail }) {
    const isNew = status === 401 && !asksForKey; // the service's first key is younger than the page
    const advice = isNew ? "load this page again and enter your key" : detail;
    super(`${title}: ${advice}${/[.!?]$/.test(advice) ? "" : "."}`);
    Object.assign(this, { status, type });
  }
}

export class Unreachable extends Fault {
  constructor() {
    super("The service does not answer. Is it still running?");
  }
}

/** What to tell a person of an error. */
export function reason(error) {
  if (error instanceof Fault) return error.message;
  console.warn(error);
  return `That did not work: ${error.message}${/[.!?]$/.test(error.message) ? "" : "."}`;
}

/** As fetch. Throws Unreachable, and AbortError. */
export async function reach(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    throw error.name === "AbortError" ? error : new Unreachable();
  }
}

/** The answer, whose status is good. Throws Refusal, and what `reach` throws. */
export async function call(path, { headers, patience = 1, onWait = () => {}, ...options } = {}) {
  if (isMissing()) throw new Refusal(401, { type: "no-key", title: "This service asks for a key", detail: "enter yours above" });
  for (let tries = 1; ; tries += 1) {
    const answer = await reach(path, { headers: { ...headers, ...authorization() }, ...options });
    if (answer.ok) return answer;
    const problem = await problemOf(answer);
    const retryAfter = answer.headers.get("Retry-After"); // none where somebody has to mend it first
    if (!BUSY.includes(answer.status) || !retryAfter || tries >= patience) throw new Refusal(answer.status, problem);
    onWait(answer.status === 503 ? "The model is warming up …" : "The service is busy; waiting for a turn …");
    await pause(Number(retryAfter), options.signal);
  }
}

/** As `call`, again and again while the service is busy: for what may be asked twice. */
export function insist(path, options) {
  return call(path, { patience: PATIENCE, ...options });
}

export async function json(path, options) {
  const answer = await call(path, options);
  return answer.status === 204 ? null : answer.json();
}

export function send(method, path, body, options) {
  return json(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), ...options });
}

/** The items of all pages, the first `most` of them. */
export async function list(path, name, most = 1000) {
  const items = [];
  let cursor = null;
  do {
    const url = new URL(path, location.href);
    if (cursor) url.searchParams.set("cursor", cursor);
    const page = await json(url);
    items.push(...page[name]);
    cursor = page.next_cursor;
  } while (cursor && items.length < most);
  return items;
}

export function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    setTimeout(resolve, seconds * 1000);
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

async function problemOf(answer) {
  try {
    return await answer.json();
  } catch {
    return { type: "unexpected", title: `Status ${answer.status}`, detail: answer.statusText || "an answer that is none of ours" };
  }
}
