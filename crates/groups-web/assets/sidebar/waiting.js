/**
 * The user's invitations and requests to join, before the list of groups: each with buttons to answer it.
 *
 * @import { GroupsClient } from "../client/client.js"
 * @import { ListedInvitation, WaitingEntry } from "../client/waiting.js"
 * @import { Texts } from "./texts.js"
 */

import { isolated, tamed } from "../client/bidi.js";
import { make, say } from "./element.js";
import { hue, initials } from "./order.js";

/** The most entries of each kind that are shown. The next ones follow when these are answered. */
export const ENTRIES_MAX = 50;
/** How often the time that is left is written again, in milliseconds. */
const REFRESH_MS = 30_000;

/** Units of the time that is left, in milliseconds. */
const [MINUTE_MS, HOUR_MS, DAY_MS] = [60_000, 3_600_000, 86_400_000];

/**
 * @typedef {object} Host
 * @property {(name: string, detail: object) => boolean} emit Returns whether no listener has prevented the action.
 * @property {() => void} onChange Something must be drawn again.
 * @property {() => void} onEmpty The entry that had the focus was the last one.
 */

/** @typedef {"accept" | "decline" | "withdraw"} Answer */

/** @type {Record<Answer, { event: string, call: (client: GroupsClient, groupId: string) => Promise<unknown> }>} */
const ANSWERS = {
  accept: { event: "invitation-accept", call: (client, groupId) => client.api.acceptInvitation(groupId) },
  decline: { event: "invitation-decline", call: (client, groupId) => client.api.declineInvitation(groupId) },
  withdraw: { event: "request-withdraw", call: (client, groupId) => client.api.withdrawJoinRequest(groupId) },
};

export class WaitingList {
  #host;
  #invitations = new Section("invitation", ["accept", "decline"]);
  #requests = new Section("request", ["withdraw"]);
  root = make("div", { class: "waiting", hidden: true }, this.#invitations.root, this.#requests.root);
  /** @type {GroupsClient | null} */
  #client = null;
  /** Answers under way, answered entries that are still listed, and what was wrong, by the key of the entry. @type {Map<string, "busy" | "done" | { problem: string }>} */
  #answers = new Map();
  #timer = 0;

  /** @param {Host} host */
  constructor(host) {
    this.#host = host;
    this.root.addEventListener("click", (event) => this.#click(event));
  }

  /** @param {GroupsClient | null} client `null`: shows nothing @param {Texts} texts */
  show(client, texts) {
    if (client !== this.#client) this.#answers.clear();
    this.#client = client;
    const invitations = client?.invitations ?? [];
    const requests = client?.joinRequests ?? [];
    this.#forget([...invitations, ...requests]);
    /** @param {WaitingEntry} entry */
    const isOpen = (entry) => this.#answers.get(keyOf(entry)) !== "done";
    const focused = this.#focused();
    const now = Date.now();
    const how = { answers: this.#answers, texts, now };
    this.#invitations.show(invitations.filter(isOpen), { ...how, title: texts.invitations });
    this.#requests.show(requests.filter(isOpen), { ...how, title: texts.requested });
    this.root.hidden = this.#invitations.root.hidden && this.#requests.root.hidden;
    if (focused && !focused.row.isConnected) this.#refocus(focused);
    this.stop();
    if (invitations.some(({ expires_at }) => expires_at !== null)) this.#timer = window.setTimeout(() => this.#host.onChange(), REFRESH_MS);
  }

  /** Stops writing the time that is left. */
  stop() {
    clearTimeout(this.#timer);
  }

  /** Forgets answers to entries that are no longer listed. @param {WaitingEntry[]} entries */
  #forget(entries) {
    const listed = new Set(entries.map(keyOf));
    for (const key of this.#answers.keys()) if (!listed.has(key)) this.#answers.delete(key);
  }

  /** @param {MouseEvent} event */
  #click({ target }) {
    const button = /** @type {Element} */ (target).closest("button");
    const row = button?.closest("li");
    if (!button || !row) return;
    const entry = this.#invitations.entryOf(row) ?? this.#requests.entryOf(row);
    if (entry) void this.#answer(entry, /** @type {Answer} */ (button.name));
  }

  /** @param {WaitingEntry} entry @param {Answer} answer */
  async #answer(entry, answer) {
    const client = this.#client;
    const key = keyOf(entry);
    const { group_id } = entry.group;
    if (!client || this.#answers.get(key) === "busy") return;
    const { event, call } = ANSWERS[answer];
    const detail = answer === "withdraw" ? { group_id, request: entry } : { group_id, invitation: entry };
    if (!this.#host.emit(event, detail)) return;
    this.#answers.set(key, "busy");
    this.#host.onChange();
    /** @param {"done" | { problem: string }} result */
    const end = (result) => {
      // The entry may be gone, and the client another one.
      if (client !== this.#client || !this.#answers.has(key)) return false;
      this.#answers.set(key, result);
      this.#host.onChange();
      return true;
    };
    try {
      await call(client, group_id);
      // Its event may come later.
      end("done");
    } catch (error) {
      if (end({ problem: error instanceof Error ? error.message : String(error) })) this.#host.emit("waiting-failed", { group_id, error });
    }
  }

  /** The row that has the focus, and its place. */
  #focused() {
    const { activeElement } = /** @type {ShadowRoot} */ (this.root.getRootNode());
    const row = activeElement?.closest("li");
    if (!row || !this.root.contains(row)) return undefined;
    const section = this.#invitations.entryOf(row) ? this.#invitations : this.#requests;
    return { row, section, index: section.indexOf(row) };
  }

  /** The row that had the focus is gone: the one in its place gets it. Not a button of it, which a second key press would activate. @param {{ section: Section, index: number }} focused */
  #refocus({ section, index }) {
    const next = section.row(index) ?? this.#invitations.row(0) ?? this.#requests.row(0);
    if (next) next.focus();
    else this.#host.onEmpty();
  }
}

/** All invitations, or all requests to join. */
class Section {
  #kind;
  #buttons;
  #title = make("h3", { part: "waiting-title" });
  #list = make("ul", { part: "", attributes: { role: "list" } });
  #rest = make("p", { class: "rest", part: "", hidden: true });
  root = make("section", { part: "", hidden: true }, this.#title, this.#list, this.#rest);
  /** By key, in the order of the document. @type {Map<string, { row: HTMLLIElement, entry: WaitingEntry }>} */
  #rows = new Map();

  /** @param {"invitation" | "request"} kind @param {Answer[]} buttons */
  constructor(kind, buttons) {
    this.#kind = kind;
    this.#buttons = buttons;
    this.#title.id = `${kind}s`;
    this.root.setAttribute("aria-labelledby", this.#title.id);
  }

  /** @param {HTMLLIElement} row */
  entryOf(row) {
    for (const shown of this.#rows.values()) if (shown.row === row) return shown.entry;
    return undefined;
  }

  /** @param {HTMLLIElement} row */
  indexOf(row) {
    return [...this.#list.children].indexOf(row);
  }

  /** The row at this index, or the last one. @param {number} index */
  row(index) {
    const { children } = this.#list;
    return /** @type {HTMLLIElement | undefined} */ (children[Math.min(index, children.length - 1)]);
  }

  /** @param {readonly WaitingEntry[]} entries @param {{ answers: Map<string, string | { problem: string }>, texts: Texts, title: string, now: number }} how */
  show(entries, { answers, texts, title, now }) {
    const shown = entries.slice(0, ENTRIES_MAX);
    say(this.#title, title);
    this.root.hidden = shown.length === 0;
    const known = this.#rows;
    this.#rows = new Map();
    for (const entry of shown) {
      const key = keyOf(entry);
      const row = known.get(key)?.row ?? createRow(this.#kind, this.#buttons, key);
      known.delete(key);
      this.#rows.set(key, { row, entry });
      updateRow(row, entry, { answer: answers.get(key), texts, now });
    }
    for (const { row } of known.values()) row.remove();
    // Moving a row would take the focus away from it.
    let next = this.#list.firstElementChild;
    for (const { row } of this.#rows.values()) {
      if (row === next) next = next.nextElementSibling;
      else this.#list.insertBefore(row, next);
    }
    this.#rest.hidden = entries.length === shown.length;
    say(this.#rest, this.#rest.hidden ? "" : texts.more(entries.length - shown.length));
  }
}

/** A later invitation to the same group is another entry. @param {WaitingEntry} entry */
const keyOf = ({ group, version }) => `${group.group_id}-${version}`;

/** @param {"invitation" | "request"} kind @param {Answer[]} buttons @param {string} key @returns {HTMLLIElement} */
function createRow(kind, buttons, key) {
  const id = `${kind}-${key}`;
  const name = make("span", { class: "name", attributes: { id } }, make("bdi"));
  const answers = buttons.map((answer) => {
    const own = `${answer}-${key}`;
    return make("button", { part: answer, attributes: { type: "button", name: answer, id: own, "aria-labelledby": `${own} ${id}` } });
  });
  return make(
    "li",
    { class: kind, attributes: { tabindex: "-1" } },
    make("span", { class: "avatar", attributes: { "aria-hidden": "true" } }),
    make("div", { class: "text", part: "" }, name, make("span", { class: "meta" })),
    make("div", { class: "answers", part: "" }, ...answers),
    make("p", { class: "problem", hidden: true, attributes: { role: "alert" } }),
  );
}

/** @param {HTMLLIElement} row @param {WaitingEntry} entry @param {{ answer: string | { problem: string } | undefined, texts: Texts, now: number }} how */
function updateRow(row, entry, { answer, texts, now }) {
  const [avatar, text, answers, problem] = /** @type {any} */ (row.children);
  const [name, meta] = text.children;
  const shown = tamed(entry.group.name);
  if (name.firstElementChild.textContent !== shown) {
    name.firstElementChild.textContent = shown;
    name.title = shown;
    avatar.textContent = initials(entry.group.name);
    avatar.style.setProperty("--hue", String(hue(entry.group.group_id)));
  }
  say(meta, "invited_by" in entry ? aboutInvitation(entry, texts, now) : texts.members(entry.group.member_count));
  for (const button of answers.children) {
    say(button, texts[/** @type {Answer} */ (button.name)]);
    // A disabled button would lose the focus.
    button.setAttribute("aria-disabled", String(answer === "busy"));
  }
  const wrong = typeof answer === "object" ? answer.problem : "";
  problem.hidden = wrong === "";
  say(problem, wrong);
}

/** Who has invited, if it is known, what the user becomes, and the time that is left. @param {ListedInvitation} invitation @param {Texts} texts @param {number} now */
function aboutInvitation({ group, role, invited_by_name, expires_at }, texts, now) {
  const by = invited_by_name ? texts.invitedBy(isolated(invited_by_name)) : texts.members(group.member_count);
  const left = expires_at === null ? NaN : Date.parse(expires_at) - now;
  return [by, role === "admin" ? texts.asAdmin : "", left > 0 ? texts.expiresIn(...inUnits(left)) : ""].filter(Boolean).join(" · ");
}

/** Rounded down, but never to nothing. @param {number} ms @returns {[count: number, unit: "day" | "hour" | "minute"]} */
function inUnits(ms) {
  if (ms >= 2 * DAY_MS) return [Math.floor(ms / DAY_MS), "day"];
  if (ms >= HOUR_MS) return [Math.floor(ms / HOUR_MS), "hour"];
  return [Math.ceil(ms / MINUTE_MS), "minute"];
}
