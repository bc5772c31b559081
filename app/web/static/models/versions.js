// A model's versions: the one in use, those that wait, and what can be done with them.

import { json, reason, send } from "../api.js";
import { date, disclosure, el } from "../dom.js";
import { downloadLink } from "../download.js";
import { verify } from "./verify.js";

/** Asked for when it is opened. `onChange` is called when another version is in use, or none is left. */
export function versionsOf(name, onChange) {
  const path = `/v1/models/${encodeURIComponent(name)}`;
  const box = el("div", { ariaBusy: "true" });
  const details = disclosure("Versions", box);
  const show = async () => {
    const { versions } = await json(`${path}/versions`);
    const isShipped = versions.some((version) => version.is_shipped);
    box.replaceChildren(
      el("ul", { className: "versions" }, versions.map((version) => row(path, version, { show, onChange }))),
      isShipped ? "" : deletion(path, name, onChange));
    box.ariaBusy = "false";
  };
  details.addEventListener("toggle", () => details.open && show().catch((error) => box.replaceChildren(el("p", { role: "alert" }, reason(error)))));
  return details;
}

export function activate(path, version) {
  return send("PUT", `${path}/active`, { version });
}

/** Of the model, whatever is in use. */
function deletion(path, name, onChange) {
  const said = el("span", { role: "status", className: "soft" });
  const button = el("button", { type: "button", className: "plain" }, "Delete the model");
  button.addEventListener("click", async () => {
    if (!confirm(`Delete ${name} with all its versions? Nothing brings it back.`)) return;
    try {
      await json(path, { method: "DELETE" });
      await onChange();
    } catch (error) {
      said.textContent = reason(error);
    }
  });
  return el("p", { className: "actions" }, button, said);
}

function row(path, { name, version, created, is_active: isActive, is_shipped: isShipped }, { show, onChange }) {
  const said = el("p", { role: "status", className: "soft" });
  const act = (label, work) => {
    const button = el("button", { type: "button", className: "plain" }, label);
    button.addEventListener("click", async () => {
      button.disabled = true;
      said.textContent = `${label} …`;
      try {
        said.textContent = (await work()) ?? "";
      } catch (error) {
        said.textContent = reason(error);
      }
      button.disabled = false;
    });
    return button;
  };
  return el("li", {},
    el("code", {}, version), date(created),
    isActive ? el("span", { className: "badge succeeded" }, "in use") : null,
    isShipped ? el("span", { className: "badge" }, "shipped") : null,
    el("span", { className: "actions" },
      isActive ? null : act("Use it", async () => { await activate(path, version); await onChange(); }),
      crypto.subtle ? act("Verify", () => verify(`${path}/versions/${version}`)) : null,
      downloadLink(`${path}/versions/${version}/bundle`, `${name}-${version}.zip`, "Download", "plain"),
      isActive || isShipped ? null : act("Delete", async () => {
        if (!confirm(`Delete version ${version} of ${name}? Nothing brings it back.`)) return;
        await json(`${path}/versions/${version}`, { method: "DELETE" });
        await show();
      })),
    said);
}
