/**
 * The tab of the open group that shows the access panel. Only the owner and admins have it. A badge on it has the number of
 * requests to join.
 *
 * @import { Role } from "../../../types/wire.js"
 * @import { Context } from "./context.js"
 * @import { RequestRows } from "./requests.js"
 */

import { canChangeSettings } from "../../client/permissions.js";
import { counted, h, say } from "../dom.js";
import { TabStrip } from "../tabs.js";
import { AccessPanel } from "./panel.js";
import { requestRows } from "./requests.js";

export class AccessTab {
  #context;
  #members;
  #onShow;
  #strip;
  #badge = h("span", { class: "badge", testid: "access-badge", "aria-hidden": "true", hidden: true });
  #spoken = h("span", { class: "unseen" });
  /** @type {RequestRows | null} */
  #requests = null;
  /** @type {AccessPanel | null} */
  #panel = null;
  /** @type {Role | ""} */
  #role = "";
  /** Below the strip. */
  panel = h("section", { class: "access-panel", hidden: true });

  /** @param {Context} context @param {{ members: HTMLElement, onShow: (isShown: boolean) => void }} parts `members`: the panel of the other tab */
  constructor(context, { members, onShow }) {
    this.#context = context;
    this.#members = members;
    this.#onShow = onShow;
    this.#strip = new TabStrip({
      label: "Members and access",
      tabs: [
        { name: "members", panel: members, content: ["Members"] },
        { name: "access", panel: this.panel, content: ["Access", this.#badge, this.#spoken] },
      ],
      onSelect: (name) => this.#select(name),
    });
    this.#strip.element.hidden = true;
    this.#strip.select("members");
  }

  /** The strip of tabs. */
  get element() {
    return this.#strip.element;
  }

  /** @param {Role} role The own role. */
  update(role) {
    if (role === this.#role) return;
    this.#role = role;
    const isAllowed = canChangeSettings(role);
    // The focus would be lost with the panel.
    const hadFocus = !isAllowed && (this.panel.contains(document.activeElement) || this.element.contains(document.activeElement));
    this.element.hidden = !isAllowed;
    for (const panel of [this.#members, this.panel]) {
      if (isAllowed) {
        panel.setAttribute("role", "tabpanel");
        panel.setAttribute("aria-labelledby", panel === this.panel ? "tab-access" : "tab-members");
      } else {
        panel.removeAttribute("role");
        panel.removeAttribute("aria-labelledby");
      }
    }
    if (isAllowed) {
      this.#requests ??= requestRows(this.#context, () => this.#requestsChanged());
      this.#panel?.roleChanged();
    } else {
      this.#strip.select("members");
      this.close();
    }
    if (hadFocus) /** @type {HTMLElement | null} */ (document.querySelector("#main h1"))?.focus();
  }

  /** Selects this tab, if the role allows it. */
  show() {
    if (!this.element.hidden) this.#strip.select("access");
  }

  close() {
    this.#panel?.close();
    this.#panel = null;
    this.#requests?.close();
    this.#requests = null;
  }

  /** @param {string} name */
  #select(name) {
    const isShown = name === "access";
    this.#members.hidden = isShown;
    this.panel.hidden = !isShown;
    if (isShown && this.#requests && !this.#panel) {
      this.#panel = new AccessPanel(this.#context, this.#requests);
      this.panel.append(this.#panel.element);
    }
    this.#onShow(isShown);
  }

  #requestsChanged() {
    const { rows = [], more = false } = this.#requests ?? {};
    this.#badge.hidden = rows.length === 0;
    say(this.#badge, `${rows.length.toLocaleString("en")}${more ? "+" : ""}`);
    say(this.#spoken, rows.length === 0 ? "" : `, ${more ? "more than " : ""}${counted(rows.length, "request", "requests")} to join`);
    this.#panel?.drawRequests();
  }
}
