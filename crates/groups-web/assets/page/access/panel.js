/**
 * The access panel of the open group, for its owner and admins: who can join, who waits, who is invited, who is banned, and links.
 *
 * @import { Context } from "./context.js"
 * @import { RequestRows } from "./requests.js"
 */

import { h } from "../dom.js";
import { banRows, banSection } from "./bans.js";
import { invitationRows, invitationSection } from "./invitations.js";
import { LinkSection, linkRows } from "./links.js";
import { PolicySetting } from "./policy.js";
import { requestSection } from "./requests.js";

export class AccessPanel {
  #policy;
  #requests;
  /** @type {{ close: () => void }[]} */
  #parts;
  #abort = new AbortController();
  #redraw;
  element;

  /** @param {Context} context @param {RequestRows} requests Also the source of the badge. */
  constructor(context, requests) {
    const rowsOf = {
      invitations: invitationRows(context, () => invitations.draw()),
      bans: banRows(context, () => bans.draw()),
      links: linkRows(context, () => links.draw()),
    };
    this.#policy = new PolicySetting(context);
    this.#requests = requestSection(context, requests);
    const invitations = invitationSection(context, rowsOf.invitations);
    const links = new LinkSection(context, rowsOf.links);
    const bans = banSection(context, rowsOf.bans);
    this.#parts = [...Object.values(rowsOf), links];
    this.#redraw = () => [this.#requests, invitations, bans].forEach((section) => section.redraw());
    this.element = h("div", { class: "access", testid: "access-panel" }, this.#policy.element, this.#requests.element, invitations.element, links.element, bans.element);
    context.client.on("change", () => this.#policy.draw(), { signal: this.#abort.signal });
    for (const section of [this.#requests, invitations, links, bans]) section.draw();
  }

  close() {
    this.#abort.abort();
    for (const part of this.#parts) part.close();
    this.element.remove();
  }

  /** The requests to join have changed. */
  drawRequests() {
    this.#requests.draw();
  }

  /** The own role has changed, and with it the roles to give. */
  roleChanged() {
    this.#redraw();
  }
}
