// What names a file by its content. A page over plain HTTP from another machine has no crypto.subtle, and no digests.

export async function sha256Of(blob) {
  const bytes = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
