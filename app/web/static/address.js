// The page's address names what it shows, and is written as that changes. Back and forward load what they lead to.

let written = location.search;

export function go(address) {
  history.pushState(null, "", address);
  written = location.search;
}

/** Without a step back to what was there. */
export function rename(address) {
  history.replaceState(null, "", address);
  written = location.search;
}

window.addEventListener("popstate", () => {
  if (location.search !== written) location.reload(); // else the skip link has led to a place of the page
});
