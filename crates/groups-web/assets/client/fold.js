/**
 * Folds events into one user's list of groups, invitations and requests to join. The same rules as `Sidebar` in Rust.
 *
 * In a group of the list, an event applies if `version == known + 1`. Of a group that is not in the list, only the versions that
 * concern the user come: these apply at any later version.
 *
 * @import { Group, GroupBody, GroupEvent, InvitedToGroup, Role } from "../../types/wire.js"
 * @import { ListedInvitation, WaitingEntry } from "./waiting.js"
 */

import { Waiting } from "./waiting.js";

/** How many left groups are remembered, so that an older event does not bring one back. The oldest are forgotten first. */
export const LEFT_MAX = 1_000;

/**
 * The outcome of an event: `applied` if it was the next one, `stale` if it was already known (a resume may repeat it), `gap` if
 * one is missing before it and the list must be read again.
 * @typedef {"applied" | "stale" | "gap"} Folded
 */

/** Tabs of an earlier release have no `waiting`. @typedef {{ rows: Group[], left: [string, number][], waiting?: WaitingEntry[] }} FoldState */

/** The events that apply at any later version: all others are about a group of the list. */
const AT_ANY_VERSION = new Set(["group_created", "added_to_group", "invited_to_group", "invitation_ended", "join_requested", "join_request_ended"]);

export class Fold {
  /** @type {Map<string, Group>} */
  #rows = new Map();
  #waiting = new Waiting();
  /** The version at which a group was left, or an invitation or a request to join ended. @type {Map<string, number>} */
  #left = new Map();

  /** The groups, in no particular order. @returns {IterableIterator<Group>} */
  rows() {
    return this.#rows.values();
  }

  get size() {
    return this.#rows.size;
  }

  /** The invitations and requests to join. Only read them. */
  get waiting() {
    return this.#waiting;
  }

  /** @param {string} groupId */
  get(groupId) {
    return this.#rows.get(groupId);
  }

  /** Whether this version of the group, or a later one, is already reflected: the group is listed, or was left. @param {string} groupId @param {number} version */
  knows(groupId, version) {
    return this.#rows.has(groupId) || this.#known(groupId) >= version;
  }

  /** Replaces everything with a snapshot. @param {Iterable<Group>} groups @param {readonly WaitingEntry[]} [waiting] */
  replace(groups, waiting = []) {
    this.#rows = new Map();
    for (const group of groups) {
      this.#rows.set(group.group_id, group);
      this.#left.delete(group.group_id);
    }
    this.#waiting.replace(waiting);
    for (const { group } of waiting) this.#left.delete(group.group_id);
  }

  /**
   * Applies one event.
   * @param {GroupEvent} event
   * @returns {Folded}
   */
  apply(event) {
    const { group_id: id, version } = event;
    const row = this.#rows.get(id);
    const anywhere = AT_ANY_VERSION.has(event.type);
    if (row) {
      if (version <= row.version) return "stale";
      // The user enters a group that is already listed: the removal in between is missing.
      if (anywhere || version !== row.version + 1) return "gap";
    } else {
      if (version <= this.#known(id)) return "stale";
      if (!anywhere) return "gap";
    }
    switch (event.type) {
      case "group_created":
      case "added_to_group":
      case "role_changed":
        this.#list(event.group, event.role);
        break;
      case "group_updated":
        this.#list(event.group, row?.role ?? "member");
        break;
      case "invited_to_group":
        this.#wait(invitationOf(event));
        break;
      case "join_requested": {
        const { group, message, at } = event;
        this.#wait(message === undefined ? { group, at, version } : { group, message, at, version });
        break;
      }
      case "removed_from_group":
      case "group_deleted":
      case "invitation_ended":
      case "join_request_ended":
        this.#rows.delete(id);
        this.#waiting.delete(id);
        this.#leave(id, version);
        break;
    }
    return "applied";
  }

  /** The complete state, for another tab. @returns {FoldState} */
  export() {
    return { rows: [...this.#rows.values()], left: [...this.#left], waiting: [...this.#waiting.entries()] };
  }

  /** Merges the state of another tab; the newer version of each group wins. @param {FoldState} state */
  merge({ rows, left, waiting }) {
    const known = this.#rows;
    this.#rows = new Map();
    for (const [id, version] of left) this.#leave(id, Math.max(version, this.#left.get(id) ?? 0));
    const listed = new Set(rows.map((row) => row.group_id));
    waiting ??= [...this.#waiting.entries()].filter(({ group }) => !listed.has(group.group_id));
    /** @type {WaitingEntry[]} */
    const kept = [];
    for (const theirs of [...rows, ...waiting]) {
      const id = "group" in theirs ? theirs.group.group_id : theirs.group_id;
      const own = known.get(id) ?? this.#waiting.get(id);
      const newer = own && own.version > theirs.version ? own : theirs;
      if (newer.version <= (this.#left.get(id) ?? 0)) continue;
      if ("group" in newer) kept.push(newer);
      else this.#rows.set(id, newer);
    }
    this.#waiting.replace(kept);
  }

  /** The version of a group that is not listed, up to which everything is known. @param {string} id */
  #known(id) {
    return this.#waiting.get(id)?.version ?? this.#left.get(id) ?? 0;
  }

  /** @param {GroupBody} group @param {Role} role */
  #list(group, role) {
    this.#left.delete(group.group_id);
    this.#waiting.delete(group.group_id);
    this.#rows.set(group.group_id, { ...group, role });
  }

  /** @param {WaitingEntry} entry */
  #wait(entry) {
    this.#left.delete(entry.group.group_id);
    this.#waiting.set(entry);
  }

  /** @param {string} id @param {number} version */
  #leave(id, version) {
    this.#left.delete(id);
    this.#left.set(id, version);
    for (const oldest of this.#left.keys()) {
      if (this.#left.size <= LEFT_MAX) break;
      this.#left.delete(oldest);
    }
  }
}

/** @param {InvitedToGroup} event @returns {ListedInvitation} */
function invitationOf({ group, role, invited_by, at, expires_at, version, actor_id, actor_name }) {
  const invitation = { group, role, invited_by, at, expires_at, version };
  return actor_name && actor_id === invited_by ? { ...invitation, invited_by_name: actor_name } : invitation;
}
