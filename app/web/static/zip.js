// Zips, made and read in the browser. What is in them is compressed already, so it is stored as it is.

const library = () => import("./fflate/fflate.js"); // only once it is needed

/** A Blob of [name, Blob] pairs; of two of the same name the later gets a number. */
export async function pack(files) {
  const { Zip, ZipPassThrough } = await library();
  const parts = [];
  const archive = new Zip((error, chunk) => {
    if (error) throw error;
    parts.push(chunk);
  });
  const taken = new Set();
  for (const [name, blob] of files) {
    const entry = new ZipPassThrough(free(name, taken));
    archive.add(entry);
    entry.push(new Uint8Array(await blob.arrayBuffer()), true);
  }
  archive.end();
  return new Blob(parts, { type: "application/zip" });
}

/** A Map of the entries of a zip that are wanted, name to Blob. */
export async function unpack(zip, isWanted) {
  const { unzipSync } = await library();
  const entries = unzipSync(new Uint8Array(await zip.arrayBuffer()), { filter: ({ name }) => isWanted(name) });
  return new Map(Object.entries(entries).map(([name, data]) => [name, new Blob([data])]));
}

/** Hands the files to the browser's downloads, as one zip. */
export async function save(name, files) {
  const url = URL.createObjectURL(await pack(files));
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function free(name, taken) {
  const [, stem, extension] = name.match(/^(.*?)(\.[^.]*)?$/);
  let found = name;
  for (let number = 2; taken.has(found); number += 1) found = `${stem} (${number})${extension ?? ""}`;
  taken.add(found);
  return found;
}
