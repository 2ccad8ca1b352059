/**
 * The links of a group: create and revoke.
 *
 * @import { Link } from "../../../types/wire.js"
 * @import { Context } from "./context.js"
 */

import { confirm } from "../dialogs.js";
import { counted, day, h, icon, text } from "../dom.js";
import { expiryText, isExpired } from "./expiry.js";
import { creatingLink } from "./new-link.js";
import { rowButton } from "./person-row.js";
import { AccessRows } from "./rows.js";
import { Section } from "./section.js";

/** The longest delay of a timer, in milliseconds. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** @typedef {AccessRows<Link>} LinkRows */
/** @typedef {"usable" | "expired" | "used-up"} LinkState */

/** @param {Link} link @param {number} [nowMs] @returns {LinkState} */
export function linkState({ expires_at, uses_max, uses }, nowMs = Date.now()) {
  if (isExpired(expires_at, nowMs)) return "expired";
  return uses_max !== null && uses >= uses_max ? "used-up" : "usable";
}

/** @param {Context} context @param {() => void} onChange @returns {LinkRows} */
export function linkRows({ client, groupId }, onChange) {
  /** @type {LinkRows} */
  const rows = new AccessRows({
    client,
    groupId,
    read: async (page, signal) => {
      const { links, next } = await client.api.listLinks(groupId, page, { signal });
      return { rows: links, next };
    },
    changes: (event) => {
      if (event.action === "link_created" || event.action === "link_revoked") return true;
      // A use of a link. Which way somebody has asked to join is not told.
      return rows.mayHaveRows && ((event.action === "member_added" && event.via === "link") || event.action === "join_requested");
    },
    onChange,
  });
  return rows;
}

export class LinkSection {
  #rows;
  #section;
  #revokeAll;
  #timer = 0;
  element;

  /** @param {Context} context @param {LinkRows} rows */
  constructor(context, rows) {
    this.#rows = rows;
    this.#revokeAll = h("button", { type: "button", class: "quiet small risky", testid: "revoke-links", hidden: true, onclick: () => void revokingAll(context) }, "Revoke all");
    const create = h("button", { type: "button", class: "quiet small", testid: "create-link", onclick: () => void creatingLink(context) }, icon("plus"), "New link");
    this.#section = new Section({
      title: "Links",
      testid: "links",
      none: "There is no link. Anyone with a link can join, or ask to join.",
      actions: [this.#revokeAll, create],
      rows,
      keyOf: ({ link_id }) => link_id,
      draw: (link) => linkRow(context, link),
    });
    this.element = this.#section.element;
  }

  close() {
    clearTimeout(this.#timer);
  }

  draw() {
    this.#section.draw();
    this.#revokeAll.hidden = this.#rows.rows.length === 0;
    this.#watchExpiry();
  }

  /** Draws the rows again when the next link expires. */
  #watchExpiry() {
    clearTimeout(this.#timer);
    const now = Date.now();
    const times = this.#rows.rows.flatMap(({ expires_at }) => (isExpired(expires_at, now) || expires_at === null ? [] : [Date.parse(expires_at) - now]));
    if (times.length === 0) return;
    this.#timer = window.setTimeout(() => {
      this.#section.redraw();
      this.#watchExpiry();
    }, Math.min(TIMER_MS_MAX, ...times));
  }
}

/** @param {Context} context @param {Link} link */
function linkRow({ client, names, toasts, groupId }, link) {
  const { link_id, role, created_by, at, expires_at, uses_max, uses, approval } = link;
  const state = linkState(link);
  const used = uses_max === null ? counted(uses, "use", "uses") : `${uses.toLocaleString("en")} of ${counted(uses_max, "use", "uses")}`;
  const title = `${approval ? "Asks to join" : "Joins"} as ${role === "admin" ? "admin" : "member"}`;
  const label = { usable: "", expired: "Expired", "used-up": "Used up" }[state];
  const expiry = state === "expired" ? [] : [` · ${expiryText(expires_at)}`];
  const revoke = async () => {
    await client.api.revokeLink(groupId, link_id);
    toasts.show("The link is revoked.", { about: groupId });
  };
  return h(
    "li",
    { class: "member access-row", testid: "link", "data-link-id": link_id, "data-state": state },
    h("span", { class: "face link-face", "aria-hidden": "true" }, icon("link")),
    h(
      "div",
      { class: "member-name" },
      h("span", { class: "name" }, title),
      label ? h("span", { class: "pill", testid: "link-state" }, label) : null,
      h("span", { class: "joined" }, h("span", { testid: "link-uses" }, used), ...expiry, ...text` · created by ${names.of(created_by)} on ${[day(at)]}`),
    ),
    h("div", { class: "row-actions" }, rowButton({ testid: "revoke-link", text: "Revoke", label: `Revoke the link of ${day(at)}: ${title}, ${used}`, onError: (error) => toasts.failed(error), action: revoke })),
  );
}

/** @param {Context} context */
function revokingAll({ client, toasts, groupId }) {
  return confirm({
    title: "Revoke all links?",
    text: "Nobody can join with them any more. Members who have used one stay members.",
    submit: "Revoke all",
    testid: "revoke-links-dialog",
    onsubmit: async () => {
      await client.api.revokeLinks(groupId);
      toasts.show("All links are revoked.", { about: groupId });
    },
  });
}
