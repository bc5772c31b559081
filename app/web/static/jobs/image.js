// A picture of the service's in the page, fetched when it comes into view.

import { insist, reason } from "../api.js";
import { el } from "../dom.js";
import { authorization } from "../key.js";

/** Plainly by its address, unless a key has to be sent along. It links to itself. */
export function imageOf(url, name) {
  const image = el("img", { alt: name, title: name, loading: "lazy" });
  const link = el("a", { href: url, target: "_blank" }, image);
  if (!Object.keys(authorization()).length) {
    image.src = url;
    return link;
  }
  new IntersectionObserver(async ([{ isIntersecting }], observer) => {
    if (!isIntersecting) return;
    observer.disconnect();
    try {
      image.src = link.href = URL.createObjectURL(await (await insist(url)).blob());
    } catch (error) {
      image.replaceWith(el("span", { role: "alert" }, reason(error)));
    }
  }).observe(link);
  return link;
}
