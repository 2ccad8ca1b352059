/**
 * The shadow tree of `<groups-sidebar>`.
 *
 * @import { Status } from "../client/link.js"
 * @import { ListedGroup } from "../client/pending.js"
 * @import { Sort } from "./order.js"
 * @import { Texts } from "./texts.js"
 */

import { isolated, tamed } from "../client/bidi.js";
import { make, say } from "./element.js";
import { SORTS, hue, initials } from "./order.js";

/** @typedef {ReturnType<typeof build>} Tree */

/** Placeholder rows shown while loading. */
const BONES = 6;

/** Builds the shadow tree. @param {HTMLElement} waiting the invitations and requests to join */
export function build(waiting) {
  const title = make("h2", { part: "title" });
  const total = make("span", { class: "total", hidden: true });
  const actions = make("div", { class: "actions" }, make("slot", { attributes: { name: "actions" } }));
  const header = make("div", { class: "header" }, title, total, actions);
  const filter = make("input", { part: "filter", attributes: { type: "search", autocomplete: "off", spellcheck: "false" } });
  const options = SORTS.map((value) => make("option", { attributes: { value } }));
  const sort = make("select", { part: "sort" }, ...options);
  const tools = make("div", { class: "tools", hidden: true }, filter, sort);

  const space = make("div", { class: "space", attributes: { role: "presentation" } });
  const list = make("div", { class: "list", hidden: true, attributes: { role: "listbox", tabindex: "0" } }, space);
  const bones = Array.from({ length: BONES }, () => make("div", { class: "bone" }, make("i"), make("i")));
  const loading = make("span", { class: "unseen" });
  const skeleton = make("div", { class: "skeleton", hidden: true }, loading, ...bones);
  const noteTitle = make("strong");
  const noteText = make("span");
  const emptyHint = make("span");
  const hint = make("slot", { attributes: { name: "empty" } }, emptyHint);
  const retry = make("button", { part: "retry", hidden: true, attributes: { type: "button" } });
  const note = make("div", { class: "note", hidden: true, attributes: { tabindex: "-1" } }, noteTitle, noteText, hint, retry);
  const body = make("div", { class: "body" }, list, skeleton, note);

  const stateText = make("span", { attributes: { role: "status" } });
  const countdown = make("span", { class: "countdown", attributes: { "aria-hidden": "true" } });
  const dot = make("span", { class: "dot", attributes: { "aria-hidden": "true" } });
  const status = make("div", { class: "status" }, dot, stateText, countdown);
  const news = make("div", { class: "unseen", attributes: { "aria-live": "polite" } });
  const root = make("section", { class: "root" }, header, tools, waiting, body, status, news);
  return { root, title, total, tools, filter, sort, list, space, skeleton, loading, note, noteTitle, noteText, hint, emptyHint, retry, status, stateText, countdown, news };
}

/** Sets all translatable texts except those of the rows and the note. @param {Tree} dom @param {Texts} texts */
export function label(dom, texts) {
  say(dom.title, texts.title);
  dom.root.setAttribute("aria-label", texts.title);
  dom.filter.placeholder = texts.filter;
  dom.filter.setAttribute("aria-label", texts.filter);
  dom.sort.setAttribute("aria-label", texts.sort);
  for (const option of dom.sort.options) option.textContent = texts[/** @type {Sort} */ (option.value)];
  dom.list.setAttribute("aria-label", texts.title);
  say(dom.loading, texts.loading);
  say(dom.retry, texts.retry);
}

/**
 * Says why there are no rows.
 * @param {Tree} dom
 * @param {{ failed: boolean, status: Readonly<Status> | undefined, filter: string, texts: Texts }} why
 */
export function note(dom, { failed, status, filter, texts }) {
  say(dom.noteTitle, failed ? texts.failed : filter ? texts.nothing(isolated(filter)) : texts.empty);
  say(dom.noteText, failed ? (status?.reason ?? "") : "");
  say(dom.emptyHint, texts.emptyHint);
  dom.noteText.hidden = !failed;
  dom.hint.hidden = failed || filter !== "";
  dom.retry.hidden = !failed || status?.state === "signed-out";
}

/** The row that contains the target of an event. @param {Event} event */
export const rowOf = (event) => /** @type {Element} */ (event.target).closest("[role=option]");

export function createRow() {
  const separator = make("span", { class: "separator", text: "·", attributes: { "aria-hidden": "true" } });
  const meta = make("span", { class: "meta" }, make("bdi", { class: "count" }), separator, make("bdi", { class: "role" }));
  const text = make("span", { class: "text" }, make("span", { class: "name" }, make("bdi")), meta);
  const avatar = make("span", { class: "avatar", attributes: { "aria-hidden": "true" } });
  return make("div", { class: "row", attributes: { role: "option" } }, avatar, text, make("span", { class: "badge", hidden: true }));
}

/**
 * @param {HTMLElement} row made by {@link createRow}
 * @param {ListedGroup} group
 * @param {{ states: Record<"selected" | "fresh" | "pending" | "active", boolean>, texts: Texts, position: number, size: number }} how
 */
export function updateRow(row, group, { states, texts, position, size }) {
  const names = ["row", ...Object.entries(states).filter(([, on]) => on).map(([name]) => name)].join(" ");
  if (row.className !== names) {
    row.className = names;
    row.setAttribute("part", names);
  }
  if (row.id !== group.group_id) {
    row.id = group.group_id;
    row.style.setProperty("--hue", String(hue(group.group_id)));
  }
  put(row, "aria-selected", String(states.selected));
  put(row, "aria-setsize", String(size));
  put(row, "aria-posinset", String(position));
  const { avatar, name, bdi, count, role, badge } = partsOf(row);
  const shown = tamed(group.name);
  if (bdi.textContent !== shown) {
    bdi.textContent = shown;
    name.title = shown;
    avatar.textContent = initials(group.name);
  }
  say(count, texts.members(group.member_count));
  say(role, texts[group.role]);
  if (role.className !== `role ${group.role}`) role.className = `role ${group.role}`;
  const mark = states.pending ? texts.pending : states.fresh ? texts.fresh : "";
  if (badge.hidden !== (mark === "")) badge.hidden = mark === "";
  say(badge, mark);
}

/** @param {HTMLElement} row */
function partsOf(row) {
  const [avatar, text, badge] = /** @type {any} */ (row.children);
  const [name, meta] = text.children;
  const [count, , role] = meta.children;
  /** @type {Record<"avatar" | "name" | "bdi" | "count" | "role" | "badge", HTMLElement>} */
  const parts = { avatar, name, bdi: name.firstElementChild, count, role, badge };
  return parts;
}

/** Sets an attribute only if it differs, because observers and screen readers react to every set. @param {Element} element @param {string} name @param {string} value */
function put(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
