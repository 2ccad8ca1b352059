/**
 * The shadow tree of `<groups-members>`.
 *
 * @import { Member, Role } from "../../types/wire.js"
 * @import { MemberTexts } from "./texts.js"
 */

import { isolated, tamed } from "../client/bidi.js";
import { make, say } from "../sidebar/element.js";
import { hue, initials } from "../sidebar/order.js";

/** @typedef {ReturnType<typeof build>} MemberTree */

/** Placeholder rows shown while loading. */
const BONES = 4;

/** Builds the shadow tree. */
export function build() {
  const title = make("h2", { part: "title" });
  const total = make("span", { class: "total", hidden: true });
  const actions = make("div", { class: "actions" }, make("slot", { attributes: { name: "actions" } }));
  const header = make("div", { class: "header" }, title, total, actions);
  const filter = make("input", { part: "filter", attributes: { type: "search", autocomplete: "off", spellcheck: "false" } });
  const tools = make("div", { class: "tools", hidden: true }, filter);

  const addIds = make("input", { part: "add-ids", attributes: { type: "text", autocomplete: "off", spellcheck: "false", required: "" } });
  const addRole = make("select", { part: "add-role" });
  const addSubmit = make("button", { class: "add-submit", attributes: { type: "submit" } });
  const add = make("form", { class: "add", hidden: true, attributes: { novalidate: "" } }, addIds, addRole, addSubmit);
  const said = make("p", { class: "said", hidden: true });
  const partly = make("p", { class: "partly", hidden: true });

  const space = make("div", { class: "space", attributes: { role: "presentation" } });
  const list = make("div", { class: "list", hidden: true, attributes: { role: "grid", "aria-readonly": "true" } }, space);
  const loading = make("span", { class: "unseen" });
  const bones = Array.from({ length: BONES }, () => make("div", { class: "bone" }, make("i"), make("i")));
  const skeleton = make("div", { class: "skeleton", hidden: true }, loading, ...bones);
  const noteText = make("strong");
  const noteReason = make("span");
  const retry = make("button", { part: "retry", attributes: { type: "button" } });
  const note = make("div", { class: "note", hidden: true, attributes: { tabindex: "-1" } }, noteText, noteReason, retry);
  const more = make("button", { class: "more", hidden: true, attributes: { type: "button" } });
  const body = make("div", { class: "body" }, list, skeleton, note, more);

  const question = make("p", { attributes: { id: "question" } });
  const cancel = make("button", { part: "cancel", attributes: { type: "button" } });
  const submit = make("button", { class: "submit", attributes: { type: "button" } });
  const confirm = make("dialog", { class: "confirm", attributes: { "aria-labelledby": "question" } }, question, make("div", { part: "" }, cancel, submit));
  const news = make("div", { class: "unseen", attributes: { "aria-live": "polite" } });
  const problem = make("div", { class: "unseen", attributes: { role: "alert" } });
  const root = make("section", { class: "root" }, header, tools, add, said, partly, body, confirm, news, problem);
  return { root, title, total, tools, filter, add, addIds, addRole, addSubmit, said, partly, list, space, skeleton, loading, note, noteText, noteReason, retry, more, confirm, question, cancel, submit, news, problem };
}

/** Sets all translatable texts except those of the rows and the note. @param {MemberTree} dom @param {MemberTexts} texts */
export function label(dom, texts) {
  say(dom.title, texts.title);
  dom.root.setAttribute("aria-label", texts.title);
  dom.list.setAttribute("aria-label", texts.title);
  for (const [field, text] of /** @type {const} */ ([[dom.filter, texts.filter], [dom.addIds, texts.addIds]])) {
    field.placeholder = text;
    field.setAttribute("aria-label", text);
  }
  dom.addRole.setAttribute("aria-label", texts.addRole);
  say(dom.addSubmit, texts.add);
  say(dom.loading, texts.loading);
  say(dom.retry, texts.retry);
  say(dom.more, texts.more);
  say(dom.cancel, texts.cancel);
  for (const option of dom.addRole.options) option.textContent = texts[/** @type {Role} */ (option.value)];
}

/** Offers these roles. Keeps the chosen one if it is among them. @param {HTMLSelectElement} select @param {readonly Role[]} roles @param {MemberTexts} texts */
export function offer(select, roles, texts) {
  const drawn = roles.map((role) => `${role} ${texts[role]}`).join();
  if (select.dataset.drawn === drawn) return;
  select.dataset.drawn = drawn;
  const { value } = select;
  select.replaceChildren(...roles.map((role) => make("option", { text: texts[role], attributes: { value: role } })));
  if (roles.some((role) => role === value)) select.value = value;
}

/** The name that is displayed. @param {{ user_id: string, name?: string }} member */
export const shownName = ({ name, user_id }) => name ?? user_id.slice(0, 8);

/** The row that contains an element. @param {EventTarget | null | undefined} inside @returns {HTMLElement | null} */
export const rowOf = (inside) => (inside instanceof Element ? inside.closest("[role=row]") : null);

export function createRow() {
  const avatar = make("span", { class: "avatar", attributes: { "aria-hidden": "true" } });
  const name = make("span", { class: "name" }, make("bdi"), make("span", { class: "you" }));
  const who = make("div", { class: "who", attributes: { role: "gridcell" } }, avatar, make("span", { class: "text" }, name, make("span", { class: "meta" })));
  const role = make("div", { class: "role", attributes: { role: "gridcell" } }, make("span", { part: "" }), make("select", { part: "role-select", hidden: true }));
  const remove = make("button", { class: "remove", text: "×", hidden: true, attributes: { type: "button" } });
  return make("div", { class: "row", attributes: { role: "row" } }, who, role, make("div", { class: "actions-cell", part: "", attributes: { role: "gridcell" } }, remove));
}

/**
 * @typedef {object} RowState
 * @property {Role} role The displayed role.
 * @property {readonly Role[]} roles What the role can be changed to, and the role itself; empty if it cannot be changed.
 * @property {boolean} removable
 * @property {boolean} self
 * @property {boolean} active Whether Tab moves into this row.
 * @property {boolean} busy Whether a change of this member is under way.
 * @property {string} joined
 * @property {number} position
 * @property {MemberTexts} texts
 */

/** @param {HTMLElement} row made by {@link createRow} @param {Member} member @param {RowState} state */
export function updateRow(row, member, { role, roles, removable, self, active, busy, joined, position, texts }) {
  const names = ["row", role, self && "self", active && "active", busy && "busy"].filter(Boolean).join(" ");
  if (row.className !== names) {
    row.className = names;
    row.setAttribute("part", names);
  }
  if (row.id !== member.user_id) {
    row.id = member.user_id;
    row.style.setProperty("--hue", String(hue(member.user_id)));
  }
  row.tabIndex = active ? 0 : -1;
  row.setAttribute("aria-rowindex", String(position));
  const [who, roleCell, actionsCell] = /** @type {any} */ (row.children);
  const [avatar, text] = who.children;
  const [name, meta] = text.children;
  const [bdi, you] = name.children;
  const shown = shownName(member);
  say(avatar, initials(shown));
  say(bdi, tamed(shown));
  name.title = member.user_id;
  say(you, self ? texts.you : "");
  say(meta, joined);
  /** @type {[HTMLElement, HTMLSelectElement]} */
  const [plainRole, select] = roleCell.children;
  plainRole.hidden = roles.length > 0;
  say(plainRole, texts[role]);
  select.hidden = roles.length === 0;
  select.setAttribute("aria-label", texts.roleOf(isolated(shown)));
  offer(select, roles, texts);
  select.value = role;
  const remove = /** @type {HTMLButtonElement} */ (actionsCell.firstElementChild);
  remove.hidden = !removable;
  remove.setAttribute("aria-label", texts.remove(isolated(shown)));
  for (const control of [select, remove]) control.tabIndex = active ? 0 : -1;
}
