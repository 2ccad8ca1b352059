/**
 * One user's invitations and requests to join: at most one for each group.
 *
 * @import { Invitation, JoinRequest } from "../../types/wire.js"
 */

/**
 * An invitation of this user. `invited_by_name` is known if the event was received, which names the user.
 * @typedef {Invitation & { invited_by_name?: string }} ListedInvitation
 */

/** @typedef {ListedInvitation | JoinRequest} WaitingEntry */

/**
 * What there is to show, newest group first, until a time in milliseconds since 1970.
 * @typedef {{ invitations: readonly ListedInvitation[], joinRequests: readonly JoinRequest[], until: number }} Shown
 */

export class Waiting {
  /** By group. @type {Map<string, WaitingEntry>} */
  #entries = new Map();
  /** @type {Shown} */
  #shown = { invitations: [], joinRequests: [], until: Infinity };
  #changed = false;

  /** @returns {IterableIterator<WaitingEntry>} */
  entries() {
    return this.#entries.values();
  }

  /** @param {string} groupId */
  get(groupId) {
    return this.#entries.get(groupId);
  }

  /** @param {WaitingEntry} entry */
  set(entry) {
    this.#entries.set(entry.group.group_id, entry);
    this.#changed = true;
  }

  /** @param {string} groupId */
  delete(groupId) {
    if (this.#entries.delete(groupId)) this.#changed = true;
  }

  /** Replaces all entries. @param {Iterable<WaitingEntry>} entries */
  replace(entries) {
    const known = this.#entries;
    this.#entries = new Map();
    for (const entry of entries) this.set(named(entry, known.get(entry.group.group_id)));
    this.#changed ||= known.size > 0;
  }

  /** What there is to show at this time: an expired invitation is hidden. Returns the same arrays until they change. @param {number} nowMs */
  at(nowMs) {
    if (this.#changed || nowMs >= this.#shown.until) {
      this.#changed = false;
      /** @type {ListedInvitation[]} */
      const invitations = [];
      /** @type {JoinRequest[]} */
      const joinRequests = [];
      let until = Infinity;
      for (const entry of [...this.#entries.values()].sort(newestFirst)) {
        const expiresAt = "expires_at" in entry && entry.expires_at !== null ? Date.parse(entry.expires_at) : Infinity;
        if (expiresAt <= nowMs) continue;
        if (expiresAt < until) until = expiresAt;
        if ("invited_by" in entry) invitations.push(entry);
        else joinRequests.push(entry);
      }
      const { invitations: before, joinRequests: asked } = this.#shown;
      this.#shown = { invitations: sameIfEqual(before, invitations), joinRequests: sameIfEqual(asked, joinRequests), until };
    }
    return this.#shown;
  }
}

/** Snapshots do not say who has invited: keeps the name from the event. @param {WaitingEntry} entry @param {ListedInvitation | WaitingEntry | undefined} known @returns {WaitingEntry} */
function named(entry, known) {
  const name = known?.version === entry.version && "invited_by" in known ? known.invited_by_name : undefined;
  return name && "invited_by" in entry ? { invited_by_name: name, ...entry } : entry;
}

/** @template Item @param {readonly Item[]} before @param {readonly Item[]} after */
function sameIfEqual(before, after) {
  return before.length === after.length && before.every((item, index) => item === after[index]) ? before : after;
}

/** Ids are UUIDv7 and grow with time. @param {WaitingEntry} a @param {WaitingEntry} b */
function newestFirst(a, b) {
  return a.group.group_id < b.group.group_id ? 1 : -1;
}
