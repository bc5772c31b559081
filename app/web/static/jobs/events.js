// A job's server-sent events. EventSource cannot send a key, so they are read from an ordinary answer.

import { insist, pause } from "../api.js";

const RETRY_S = 2;

/**
 * Calls `onEvent(name, data)` for each, from the first on, until the job is done. A cut line is taken up again;
 * `onCut` is told whether it is cut.
 */
export async function follow(job, onEvent, onCut, signal) {
  let last = 0;
  for (;;) {
    try {
      const headers = { "Last-Event-ID": String(last) };
      const answer = await insist(`/v1/jobs/${job}/events`, { headers, signal, onWait: () => onCut(true) });
      onCut(false);
      if (answer.status === 204) return;
      for await (const { id, name, data } of events(answer.body)) {
        last = id ?? last;
        onEvent(name, data);
        if (name === "done") return;
      }
    } catch (error) {
      if (signal?.aborted || [401, 403, 404].includes(error.status)) throw error;
      onCut(true);
    }
    await pause(RETRY_S, signal);
  }
}

async function* events(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value.replaceAll("\r", "");
    const blocks = text.split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const event = parsed(block);
      if (event.data) yield event;
    }
  }
}

function parsed(block) {
  const event = { id: null, name: "message", data: null };
  const lines = [];
  for (const line of block.split("\n")) {
    const [, field, value] = line.match(/^(\w*): ?(.*)$/) ?? [];
    if (field === "id") event.id = value;
    if (field === "event") event.name = value;
    if (field === "data") lines.push(value);
  }
  if (lines.length) event.data = JSON.parse(lines.join("\n"));
  return event;
}
