// A link to a file of the service's.

import { call } from "./api.js";
import { el, icon } from "./dom.js";
import { authorization } from "./key.js";

/** A plain link, which a browser saves as it comes; a key can only be sent by script. */
export function downloadLink(path, name, label, className = "button quiet") {
  const link = el("a", { className, href: path, download: name }, icon("download"), label);
  if (!Object.keys(authorization()).length) return link;
  link.addEventListener("click", async (event) => {
    if (link.href.startsWith("blob:")) return;
    event.preventDefault();
    link.href = URL.createObjectURL(await (await call(path)).blob());
    link.click();
  });
  return link;
}
