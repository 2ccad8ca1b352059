/**
 * Creates a link to join a group, and shows it once.
 *
 * @import { CreatedLink, Role } from "../../../types/wire.js"
 * @import { Context } from "./context.js"
 */

import { rolesToGive } from "../../client/permissions.js";
import { toClipboard } from "../clipboard.js";
import { ask, field } from "../dialogs.js";
import { h, icon, say, text } from "../dom.js";
import { qrImage } from "../qr-image.js";
import { linkOf } from "../root.js";
import { expirySeconds, expirySelect, expiryText } from "./expiry.js";

/** The limit of the contract. */
const USES_MAX = 2 ** 31 - 1;

/** Asks what the link allows. @param {Context} context */
export async function creatingLink({ client, groupId, group }) {
  const { name, role } = group();
  const roles = rolesToGive(role);
  const given = h("select", { id: "link-role", testid: "link-role" }, ...roles.map((value) => h("option", { value }, value === "admin" ? "Admin" : "Member")));
  const expiry = expirySelect("link-expiry");
  const uses = h("input", { id: "link-uses-max", testid: "link-uses-max", type: "number", min: "1", max: String(USES_MAX), step: "1", inputMode: "numeric", placeholder: "Any number" });
  const approval = h("input", { id: "link-approval", testid: "link-approval", type: "checkbox" });
  /** @type {CreatedLink | undefined} */
  let created;
  await ask({
    title: text`New link to ${name}`,
    testid: "link-dialog",
    submit: "Create link",
    content: [
      roles.length > 1 ? field("Role of people who join", given) : null,
      field("Expires", expiry),
      field("People who can use it", uses),
      h("label", { class: "check" }, approval, h("span", null, "An admin approves each person")),
    ],
    onsubmit: async () => {
      created = await client.api.createLink(groupId, {
        role: /** @type {Role} */ (given.value),
        expires_in_seconds: expirySeconds(expiry),
        uses_max: uses.value === "" ? undefined : Number(uses.value),
        approval: approval.checked,
      });
    },
  });
  if (created) await showLink(created, name);
}

/** @param {CreatedLink} link @param {string} name */
function showLink({ token, expires_at, approval }, name) {
  const url = linkOf(token);
  const shown = h("input", { id: "link-url", testid: "link-url", value: url, readOnly: true, dir: "ltr", spellcheck: false, onfocus: () => shown.select() });
  const said = h("span", { class: "hint", role: "status", testid: "link-copied" });
  const copy = h("button", { type: "button", class: "quiet", testid: "link-copy", onclick: () => void copied() }, icon("copy"), "Copy");
  const copied = async () => say(said, (await toClipboard(shown)) ? "Copied." : "Could not copy the link. Select it and copy it yourself.");
  const code = qrImage(url, `QR code of the link to ${name}`);
  return ask({
    title: text`Link to ${name}`,
    testid: "new-link-dialog",
    submit: "Done",
    cancel: false,
    content: [
      h("p", null, `Copy this link now. For security reasons, it is shown only once. Anyone who has it can ${approval ? "ask to join" : "join"}; it ${expiryText(expires_at)}.`),
      h("div", { class: "field" }, h("label", { htmlFor: "link-url" }, "Link"), h("div", { class: "copy-line" }, shown, copy), said),
      code ? h("div", { class: "qr", testid: "link-qr" }, code) : null,
    ],
    onsubmit: () => {},
  });
}
