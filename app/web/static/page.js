// The page's only script. Without it the form posts the picture and the browser shows the answer.

const form = document.querySelector("form");
const original = document.querySelector("#original");
const unseen = document.querySelector("#unseen"); // says so where the browser cannot show the original
const key = document.querySelector("#key"); // where the service asks for one
const problem = document.querySelector("#problem");
const progress = document.querySelector("#progress");
const samples = [...document.querySelectorAll("#samples > li")].map((item) => ({
  item,
  frame: item.querySelector(".frame"),
  image: item.querySelector("img"),
  caption: item.querySelector(".caption"),
  download: item.querySelector("a"),
}));

const KEPT_KEY = "sjmvi-key"; // in this tab alone, until it is closed
const SEEDS = 2n ** 63n;
const PATIENCE = 20; // times that a busy service is asked again
const KEPT_FORMATS = { "image/jpeg": "jpeg", "image/webp": "webp", "image/avif": "avif" }; // what is not here comes as PNG
const EXTENSIONS = { jpeg: "jpg" };

let picture = null; // a File, once there is one
let round = new AbortController(); // what a newer round of samples calls off

class Refusal extends Error {}

function setPicture(file) {
  picture = file;
  URL.revokeObjectURL(original.src);
  original.src = URL.createObjectURL(file);
  original.alt = `The picture to translate: ${file.name}`;
  original.hidden = false;
  unseen.textContent = `${file.name} cannot be shown by this browser`;
  translate();
}

async function loadExample() {
  const answer = await fetch(original.src);
  if (!answer.ok || picture) return;
  const blob = await answer.blob();
  picture = new File([blob], new URL(original.src).pathname.split("/").pop(), { type: blob.type });
  translate();
}

function rollSeed() {
  form.seed.value = Math.floor(Math.random() * 1e6);
}

function fitFrames() {
  if (!original.naturalWidth) return;
  const aspect = Math.min(Math.max(original.naturalWidth / original.naturalHeight, 0.5), 2.5);
  document.documentElement.style.setProperty("--aspect", aspect);
}

// Four requests, one seed each: a picture shows as soon as it is there, and its own seed brings it back.
async function translate() {
  if (!form.seed.value) rollSeed();
  if (!picture || !form.reportValidity()) return;
  if (key && !key.value) return (problem.textContent = "This service asks for a key. Enter yours above.");
  round.abort();
  const { signal } = (round = new AbortController());
  const start = performance.now();
  const request = new FormData(form);
  let done = 0;
  const say = (text) => signal.aborted || (progress.textContent = text);
  problem.textContent = "";
  say(`Translating to ${request.get("to")} …`);

  const first = BigInt(request.get("seed"));
  await Promise.all(samples.map(async (sample, index) => {
    const seed = (first + BigInt(index)) % SEEDS;
    clear(sample, `seed ${seed}`);
    try {
      const blob = await ask(request, seed, signal, say);
      if (signal.aborted) return;
      show(sample, blob, `${request.get("to")}-${seed}`);
      done += 1;
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      say(done < samples.length ? `${done} of ${samples.length}` : `${done} samples in ${seconds} s. Hold one to see the original.`);
    } catch (error) {
      if (!signal.aborted) fail(error);
    }
  }));
}

async function ask(request, seed, signal, say) {
  const body = new FormData();
  for (const name of ["model", "to"]) body.set(name, request.get(name));
  body.set("seed", seed);
  body.set("format", KEPT_FORMATS[picture.type] ?? "png");
  body.set("image", picture);
  for (let tries = 1; ; tries += 1) {
    const answer = await fetch(form.action, { method: "POST", headers: authorization(), body, signal });
    if (answer.ok) return answer.blob();
    const { title, detail } = await answer.json();
    const busy = answer.status === 429 || answer.status === 503;
    if (!busy || tries === PATIENCE) throw new Refusal(`${title}: ${detail}.`);
    say(answer.status === 503 ? "The model is warming up …" : "The service is busy; waiting for a turn …");
    await pause(Number(answer.headers.get("Retry-After") ?? 1), signal);
  }
}

// Only what a header can hold: fetch throws at anything else
function authorization() {
  return key ? { Authorization: `Bearer ${key.value.replace(/[^!-~]/g, "")}` } : {};
}

function keepKey() {
  sessionStorage.setItem(KEPT_KEY, key.value);
  translate();
}

function pause(seconds, signal) {
  return new Promise((resolve, reject) => {
    setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

function clear(sample, caption) {
  sample.item.classList.add("waiting");
  sample.frame.disabled = true;
  sample.image.hidden = true;
  sample.caption.textContent = caption;
  sample.download.hidden = true;
}

function show(sample, blob, name) {
  URL.revokeObjectURL(sample.download.href);
  const format = blob.type.split("/")[1];
  const stem = picture.name.replace(/\.[^.]*$/, "");
  sample.item.classList.remove("waiting");
  sample.download.href = sample.image.src = URL.createObjectURL(blob);
  sample.download.download = `${stem}-${name}.${EXTENSIONS[format] ?? format}`;
  sample.image.hidden = sample.download.hidden = false;
  sample.frame.disabled = false;
}

// One reason is enough for all four: a refused picture is refused four times.
function fail(error) {
  round.abort();
  problem.textContent = error instanceof Refusal ? error.message : "The service does not answer. Is it still running?";
  progress.textContent = "";
  for (const { item, image, caption } of samples) {
    item.classList.remove("waiting");
    if (image.hidden) caption.textContent = "";
  }
}

function compareWhileHeld(sample) {
  const reveal = (held) => () => (sample.image.src = held ? original.src : sample.download.href);
  const isKey = (event) => event.key === " " || event.key === "Enter";
  sample.frame.addEventListener("pointerdown", reveal(true));
  for (const end of ["pointerup", "pointerleave", "pointercancel", "blur"]) sample.frame.addEventListener(end, reveal(false));
  sample.frame.addEventListener("keydown", (event) => isKey(event) && reveal(true)());
  sample.frame.addEventListener("keyup", (event) => isKey(event) && reveal(false)());
  sample.frame.addEventListener("contextmenu", (event) => event.preventDefault());
  sample.image.draggable = false;
}

function start() {
  form.image.required = false; // the example, a dropped or a pasted picture counts as well
  form.addEventListener("submit", (event) => { event.preventDefault(); translate(); });
  form.image.addEventListener("change", () => form.image.files[0] && setPicture(form.image.files[0]));
  for (const direction of form.querySelectorAll("[name=to]")) direction.addEventListener("change", translate);
  form.querySelector("#dice").addEventListener("click", () => { rollSeed(); translate(); });

  const dragging = (on) => (event) => { event.preventDefault(); document.body.classList.toggle("dragging", on); };
  document.addEventListener("dragover", dragging(true));
  document.addEventListener("dragleave", dragging(false));
  document.addEventListener("drop", (event) => {
    dragging(false)(event);
    if (event.dataTransfer.files[0]) setPicture(event.dataTransfer.files[0]);
  });
  document.addEventListener("paste", (event) => event.clipboardData.files[0] && setPicture(event.clipboardData.files[0]));

  if (key) {
    key.value = sessionStorage.getItem(KEPT_KEY) ?? "";
    key.addEventListener("change", keepKey);
  }
  samples.forEach(compareWhileHeld);
  original.addEventListener("load", fitFrames);
  original.addEventListener("error", () => (original.hidden = true));
  fitFrames();
  if (original.src) loadExample();
}

if (form) start();
