/**
 * Folds events into one user's list of groups, by the rule `version == known + 1`. The same rules as `Sidebar` in Rust.
 *
 * @import { Group, GroupBody, GroupEvent, Role } from "../../types/wire.js"
 */

/** How many left groups are remembered, so that an older event does not bring one back. The oldest are forgotten first. */
export const LEFT_MAX = 1_000;

/**
 * The outcome of an event: `applied` if it was the next one, `stale` if it was already known (a resume may repeat it), `gap` if
 * one is missing before it and the list must be read again.
 * @typedef {"applied" | "stale" | "gap"} Folded
 */

/** @typedef {{ rows: Group[], left: [string, number][] }} FoldState */

export class Fold {
  /** @type {Map<string, Group>} */
  #rows = new Map();
  /** The version at which a group was left. @type {Map<string, number>} */
  #left = new Map();

  /** The groups, in no particular order. @returns {IterableIterator<Group>} */
  rows() {
    return this.#rows.values();
  }

  get size() {
    return this.#rows.size;
  }

  /** @param {string} groupId */
  get(groupId) {
    return this.#rows.get(groupId);
  }

  /** Whether this version of the group, or a later one, is already reflected: the group is listed, or was left. @param {string} groupId @param {number} version */
  knows(groupId, version) {
    return this.#rows.has(groupId) || (this.#left.get(groupId) ?? 0) >= version;
  }

  /** Replaces the list with a snapshot. @param {Iterable<Group>} groups */
  replace(groups) {
    this.#rows = new Map();
    for (const group of groups) {
      this.#rows.set(group.group_id, group);
      this.#left.delete(group.group_id);
    }
  }

  /**
   * Applies one event.
   * @param {GroupEvent} event
   * @returns {Folded}
   */
  apply(event) {
    const { group_id: id, version } = event;
    const row = this.#rows.get(id);
    const enters = event.type === "group_created" || event.type === "added_to_group";
    if (row) {
      if (version <= row.version) return "stale";
      // Added to a group that is already listed: the removal in between is missing.
      if (version !== row.version + 1 || enters) return "gap";
    } else {
      if (version <= (this.#left.get(id) ?? 0)) return "stale";
      if (!enters) return "gap";
    }
    switch (event.type) {
      case "group_created":
      case "added_to_group":
        this.#left.delete(id);
        this.#rows.set(id, seenBy(event.group, event.role));
        break;
      case "group_updated":
        this.#rows.set(id, seenBy(event.group, row?.role ?? "member"));
        break;
      case "role_changed":
        this.#rows.set(id, seenBy(event.group, event.role));
        break;
      case "removed_from_group":
      case "group_deleted":
        this.#rows.delete(id);
        this.#leave(id, version);
        break;
    }
    return "applied";
  }

  /** The complete state, for another tab. @returns {FoldState} */
  export() {
    return { rows: [...this.#rows.values()], left: [...this.#left] };
  }

  /** Merges the state of another tab; the newer version of each group wins. @param {FoldState} state */
  merge(state) {
    const known = this.#rows;
    this.#rows = new Map();
    for (const [id, version] of state.left) this.#leave(id, Math.max(version, this.#left.get(id) ?? 0));
    for (const row of state.rows) {
      const own = known.get(row.group_id);
      const newer = own && own.version > row.version ? own : row;
      if (newer.version > (this.#left.get(row.group_id) ?? 0)) this.#rows.set(row.group_id, newer);
    }
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

/** @param {GroupBody} group @param {Role} role @returns {Group} */
function seenBy(group, role) {
  return { ...group, role };
}
