// A link to a file of the service's.

import { call, reason } from "./api.js";
import { el, icon } from "./dom.js";
import { authorization } from "./key.js";

/** A plain link, which a browser saves as it comes; a key can only be sent by script. */
export function downloadLink(path, name, label, className = "button quiet") {
  const link = el("a", { className, href: path, download: name }, icon("download"), label);
  if (!Object.keys(authorization()).length) return link;
  const said = el("span", { role: "alert" });
  link.addEventListener("click", async (event) => {
    if (link.href.startsWith("blob:")) return;
    event.preventDefault();
    said.remove();
    try {
      link.href = URL.createObjectURL(await (await call(path)).blob());
      link.click();
    } catch (error) {
      said.textContent = reason(error);
      link.after(said);
    }
  });
  return link;
}
