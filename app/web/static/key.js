// The field for the key, where the service asks for one. It is kept in this tab alone, until that is closed.

const KEPT = "sjmvi-key";
const field = document.querySelector("#key");

export const asksForKey = field !== null;

export function isMissing() {
  return asksForKey && !field.value.trim();
}

/** Only what a header can hold: fetch throws at anything else. */
export function authorization() {
  return field ? { Authorization: `Bearer ${field.value.replace(/[^!-~]/g, "")}` } : {};
}

/** Calls `begin` whenever there is another key. */
export function onKey(begin) {
  field?.addEventListener("change", begin);
}

if (field) {
  field.value = sessionStorage.getItem(KEPT) ?? "";
  field.addEventListener("change", () => sessionStorage.setItem(KEPT, field.value));
}
