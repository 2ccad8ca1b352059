/**
 * The dialog that finds groups which outsiders can see, to join them or to ask for it.
 *
 * @import { Preview } from "../../types/wire.js"
 * @import { GroupsClient } from "../client/client.js"
 * @import { Standing } from "./joining.js"
 */

import { isolated, tamed } from "../client/bidi.js";
import { ApiError } from "../client/errors.js";
import { hue, initials } from "../sidebar/order.js";
import { show } from "./dialogs.js";
import { h, named, say } from "./dom.js";
import { memberCount, messageField, standing } from "./joining.js";
import { sentence } from "./toasts.js";

/** After this pause in typing, in milliseconds, the directory is searched. */
const PAUSE_MS = 200;
const PAGE_GROUPS = 20;
const QUERY_CHARS_MAX = 100;

/** Whether the server has a directory. @param {GroupsClient} client @returns {Promise<boolean>} */
export async function hasDirectory(client) {
  try {
    await client.api.searchDirectory({ limit: 1 });
    return true;
  } catch (error) {
    // After any other failure, the user can try it.
    return !(error instanceof ApiError && error.status === 404);
  }
}

/** @param {GroupsClient} client @param {(groupId: string) => void} onOpen The user is a member of the group and wants to see it. */
export async function findGroup(client, onOpen) {
  const directory = new Directory(client, (groupId) => {
    close();
    onOpen(groupId);
  });
  const { close, closed } = show({ title: "Find a group", testid: "directory-dialog", content: [directory.element], onsubmit: () => directory.search() });
  await closed;
  directory.close();
}

class Directory {
  #client;
  #onOpen;
  #abort = new AbortController();
  #timer = 0;
  /** Counts searches, so that the answer of an overtaken one is discarded. */
  #searches = 0;
  /** @type {Preview[]} */
  #groups = [];
  /** @type {string | null} */
  #next = null;
  /** The drawn rows, by group id. @type {Map<string, { row: HTMLElement, drawn: string }>} */
  #rows = new Map();
  #query = h("input", {
    type: "search",
    id: "directory-query",
    testid: "directory-query",
    placeholder: "Search by name",
    "aria-label": "Search by name",
    autocomplete: "off",
    maxLength: QUERY_CHARS_MAX,
    oninput: () => this.#typed(),
  });
  #list = h("ul", { class: "directory-list", testid: "directory-list", "aria-label": "Groups" });
  #state = h("p", { class: "hint", role: "status", testid: "directory-state" }, "Loading…");
  #more = h("button", { type: "button", class: "quiet small", testid: "directory-more", hidden: true, onclick: () => void this.#load() }, "Show more");
  element;

  /** @param {GroupsClient} client @param {(groupId: string) => void} onOpen */
  constructor(client, onOpen) {
    this.#client = client;
    this.#onOpen = onOpen;
    this.element = h("div", { class: "directory" }, this.#query, h("div", { class: "directory-results" }, this.#list, this.#state, this.#more));
    client.on("change", () => this.#draw(), { signal: this.#abort.signal });
    this.search();
  }

  close() {
    this.#abort.abort();
    clearTimeout(this.#timer);
  }

  #typed() {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.search(), PAUSE_MS);
  }

  search() {
    clearTimeout(this.#timer);
    void this.#load({ again: true });
  }

  async #load({ again = false } = {}) {
    const search = (this.#searches += 1);
    const after = again ? undefined : (this.#next ?? undefined);
    const { signal } = this.#abort;
    this.#more.disabled = true;
    try {
      const query = this.#query.value.trim() || undefined;
      const { groups, next } = await this.#client.api.searchDirectory({ query, limit: PAGE_GROUPS, after }, { signal });
      if (search !== this.#searches) return;
      const count = after === undefined ? 0 : this.#groups.length;
      this.#groups = after === undefined ? groups : [...this.#groups, ...groups];
      this.#next = next;
      this.#more.hidden = next === null;
      say(this.#state, this.#groups.length > 0 ? "" : query ? `No groups match “${isolated(query)}”.` : "There are no groups that you can find.");
      this.#draw();
      // The button may be hidden now and lose the focus.
      if (count > 0) /** @type {HTMLElement | null | undefined} */ (this.#list.children[count]?.querySelector("button"))?.focus();
    } catch (error) {
      if (signal.aborted || search !== this.#searches) return;
      say(this.#state, sentence(error));
    } finally {
      this.#more.disabled = false;
      this.#state.hidden = !this.#state.textContent;
    }
  }

  #draw() {
    const before = this.#rows;
    this.#rows = new Map();
    for (const group of this.#groups) {
      const known = standing(this.#client, group.group_id);
      // The group has been opened since.
      const now = known === "requested" && group.join_policy === "open" ? "none" : known;
      const drawn = JSON.stringify([group, now]);
      const last = before.get(group.group_id);
      const isSame = last?.drawn === drawn;
      const hadFocus = !isSame && last?.row.contains(document.activeElement);
      const row = isSame ? last.row : this.#row(group, now);
      if (!isSame) last?.row.replaceWith(row);
      if (hadFocus) /** @type {HTMLElement} */ (row.querySelector("button") ?? this.#query).focus();
      this.#rows.set(group.group_id, { row, drawn });
    }
    const rows = [...this.#rows.values()].map(({ row }) => row);
    if (rows.length !== this.#list.children.length || rows.some((row, index) => this.#list.children[index] !== row)) this.#list.replaceChildren(...rows);
  }

  /** @param {Preview} group @param {Standing} now */
  #row(group, now) {
    const { group_id: id, name, description, join_policy } = group;
    const picture = h("span", { class: "avatar", "aria-hidden": "true" }, initials(name));
    picture.style.setProperty("--hue", String(hue(id)));
    const problem = h("p", { class: "problem", role: "alert" });
    const open = join_policy === "open" ? "anyone can join" : "ask to join";
    const actions = h("div", { class: "row-actions" });
    const row = h(
      "li",
      { class: "directory-row", testid: "directory-result", "data-group-id": id, "data-standing": now },
      picture,
      h("div", { class: "directory-about" }, named(name, { class: "name" }), h("span", { class: "hint" }, `${memberCount(group)} · ${open}`), description ? h("p", { class: "directory-text", dir: "auto" }, tamed(description)) : null),
      actions,
    );
    /** @param {string} testid @param {string} text @param {string} look @param {() => Promise<unknown> | void} action */
    const button = (testid, text, look, action) => {
      const run = async () => {
        it.disabled = true;
        problem.textContent = "";
        try {
          await action();
        } catch (error) {
          problem.textContent = sentence(error);
          row.append(problem);
        } finally {
          it.disabled = false;
        }
      };
      const it = h("button", { type: "button", class: `${look} small`, testid, "aria-label": `${text}: ${isolated(name)}`, onclick: () => void run() }, text);
      return it;
    };
    const { api } = this.#client;
    const join = async (/** @type {{ message?: string }} */ what) => {
      const answer = await api.join(id, what);
      if ("group_id" in answer) this.#onOpen(id);
    };
    if (now === "member") actions.append(h("span", { class: "pill" }, "Member"), button("directory-open", "Open", "quiet", () => this.#onOpen(id)));
    else if (now === "invited") actions.append(h("span", { class: "pill" }, "Invited"), button("directory-join", "Join", "primary", () => join({})));
    else if (now === "requested") actions.append(h("span", { class: "pill" }, "Requested"), button("directory-withdraw", "Withdraw", "quiet", () => api.withdrawJoinRequest(id)));
    else if (join_policy === "open") actions.append(button("directory-join", "Join", "primary", () => join({})));
    else actions.append(button("directory-ask", "Ask to join", "quiet", () => asking()));
    return row;

    /** Opens the field for the message. */
    function asking() {
      const send = button("directory-send", "Send request", "primary", () => join({ message: message.value() }));
      const message = messageField(`join-message-${id}`, () => send.click());
      const first = actions.firstElementChild;
      const cancel = button("directory-cancel", "Cancel", "quiet", () => {
        form.remove();
        actions.hidden = false;
        /** @type {HTMLElement | null} */ (first)?.focus();
      });
      const form = h("div", { class: "directory-ask" }, message.element, h("div", { class: "row-actions" }, cancel, send));
      actions.hidden = true;
      row.append(form);
      message.input.focus();
    }
  }
}
