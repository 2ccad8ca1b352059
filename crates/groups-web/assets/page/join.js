/**
 * What somebody sees who has opened a link to a group: the group, and a button to join or to ask for it.
 *
 * @import { GroupsClient } from "../client/client.js"
 * @import { LinkPreview } from "../../types/wire.js"
 */

import { tamed } from "../client/bidi.js";
import { ApiError } from "../client/errors.js";
import { hue, initials } from "../sidebar/order.js";
import { h } from "./dom.js";
import { memberCount, messageField, standing } from "./joining.js";
import { sentence } from "./toasts.js";

/** How long this view waits, in milliseconds, for the user's list, which says whether they are in the group. */
const LIST_MS_MAX = 3_000;

export class JoinView {
  #client;
  #token;
  #onOpen;
  #onLeave;
  #abort = new AbortController();
  /** @type {LinkPreview | null} */
  #preview = null;
  #drawn = "";
  #waitTimer = 0;
  #card = h("div", { class: "card join-card" });
  element = h("section", { class: "join", testid: "join-page", "aria-label": "Join a group" }, this.#card);

  /**
   * @param {object} parts
   * @param {GroupsClient} parts.client
   * @param {string} parts.token
   * @param {(groupId: string) => void} parts.onOpen The user is a member.
   * @param {() => void} parts.onLeave The user goes to their groups.
   */
  constructor({ client, token, onOpen, onLeave }) {
    this.#client = client;
    this.#token = token;
    this.#onOpen = onOpen;
    this.#onLeave = onLeave;
    client.on("change", () => this.#draw(), { signal: this.#abort.signal });
    void this.#load();
  }

  close() {
    this.#abort.abort();
    clearTimeout(this.#waitTimer);
    this.element.remove();
  }

  focus() {
    /** @type {HTMLElement | null} */ (this.#card.querySelector("h1"))?.focus();
  }

  async #load() {
    this.#say("loading", "Looking up the link…");
    try {
      this.#preview = await this.#client.api.linkPreview(this.#token, { signal: this.#abort.signal });
      this.#draw();
      if (!this.#drawn) this.#waitTimer = window.setTimeout(() => this.#draw({ now: true }), LIST_MS_MAX);
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#failed(error);
    }
  }

  /** @param {{ now?: boolean }} [how] */
  #draw({ now: atOnce = false } = {}) {
    if (!this.#preview || !(this.#client.loaded || atOnce)) return;
    const { group, approval } = this.#preview;
    const known = standing(this.#client, group.group_id);
    // This link lets people in who would otherwise have to wait.
    const now = known === "requested" && !approval ? "none" : known;
    if (this.#drawn === now) return;
    this.#drawn = now;
    const picture = h("div", { class: "avatar", "aria-hidden": "true" }, initials(group.name));
    picture.style.setProperty("--hue", String(hue(group.group_id)));
    const problem = h("p", { class: "problem", role: "alert", testid: "join-problem" });
    const asks = approval && now === "none";
    const message = messageField("join-message", () => submit.click());
    /** @param {string} testid @param {string} text @param {string} look @param {() => Promise<unknown> | void} action */
    const button = (testid, text, look, action) => {
      const run = async () => {
        it.disabled = true;
        problem.textContent = "";
        try {
          await action();
        } catch (error) {
          problem.textContent = sentence(error);
        } finally {
          it.disabled = false;
        }
      };
      const it = h("button", { type: "button", class: `${look} wide`, testid, onclick: () => void run() }, text);
      return it;
    };
    const join = async () => {
      try {
        const answer = await this.#client.api.useLink(this.#token, asks ? { message: message.value() } : {});
        if ("group_id" in answer) this.#onOpen(answer.group_id);
      } catch (error) {
        // The link has expired, or is used up, while this was shown.
        if (!isUnknown(error)) throw error;
        this.#failed(error);
      }
    };
    const submit = button("join", approval && now !== "invited" ? "Ask to join" : "Join", "primary", join);
    const leave = button("join-leave", now === "none" || now === "invited" ? "Not now" : "Go to your groups", "quiet", () => this.#onLeave());
    const said = {
      member: "You are a member of this group.",
      invited: "You are invited to this group.",
      requested: "You have asked to join this group. The group appears in your list once an admin approves it.",
      none: approval ? "An admin decides who can join." : "You are invited to join with this link.",
    }[now];
    const actions = {
      member: [button("join-open", "Open the group", "primary", () => this.#onOpen(group.group_id))],
      invited: [submit, leave],
      requested: [button("join-withdraw", "Withdraw the request", "quiet", () => this.#client.api.withdrawJoinRequest(group.group_id)), leave],
      none: [submit, leave],
    }[now];
    this.#show(
      now,
      picture,
      h("h1", { tabIndex: -1, dir: "auto", testid: "join-name" }, tamed(group.name)),
      h("p", { class: "facts-line", testid: "join-count" }, memberCount(group)),
      group.description ? h("p", { class: "description", dir: "auto", tabIndex: 0 }, tamed(group.description)) : null,
      h("p", { class: "hint", role: "status" }, said),
      asks ? message.element : null,
      problem,
      ...actions,
    );
  }

  /** @param {unknown} error */
  #failed(error) {
    this.#preview = null;
    this.#drawn = "";
    const back = h("button", { type: "button", class: "quiet wide", testid: "join-leave", onclick: () => this.#onLeave() }, "Go to your groups");
    if (isUnknown(error)) {
      this.#say("unknown", "This link does not work", "It may have expired, been revoked, or been used by as many people as it allows. Ask for a new one.", back);
    } else {
      const again = h("button", { type: "button", class: "primary wide", testid: "join-retry", onclick: () => void this.#load() }, "Try again");
      this.#say("failed", "Could not open the link", sentence(error), again, back);
    }
  }

  /** @param {string} state @param {string} title @param {string} [text] @param {Node[]} actions */
  #say(state, title, text, ...actions) {
    this.#show(state, h("div", { class: "mark", "aria-hidden": "true" }), h("h1", { tabIndex: -1 }, title), text ? h("p", { class: "hint", role: "alert", testid: "join-problem" }, text) : null, ...actions);
  }

  /** Replaces what is shown. If the focus was in it, it moves to the new heading. @param {string} state @param {(Node | null)[]} content */
  #show(state, ...content) {
    const hadFocus = this.#card.contains(document.activeElement);
    this.element.dataset.state = state;
    this.#card.replaceChildren(...content.filter((child) => child !== null));
    if (hadFocus) this.focus();
  }
}

/** The server says the same of links that are unknown, expired, used up, or not for this user. @param {unknown} error */
const isUnknown = (error) => error instanceof ApiError && error.status === 404;
