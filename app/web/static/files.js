// Files of a person's disk, which may be gone, changed or a folder by the time that they are read.

import { Fault } from "./api.js";

export class Unreadable extends Fault {
  constructor(name) {
    super(`${name} cannot be read: is it still there?`);
  }
}

/** Throws Unreadable. */
export async function bytesOf(file, name = file.name ?? "A file") {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    console.warn(error);
    throw new Unreadable(name);
  }
}

/** Throws Unreadable: to fetch, a file that is gone looks like a service that is. */
export async function assertReadable(file) {
  await bytesOf(file.slice(0, 1), file.name);
}
