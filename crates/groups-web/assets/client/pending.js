/**
 * Groups whose creation is under way: shown at once, and reconciled with the answer and the event, whichever comes first.
 *
 * The list proper knows only events and snapshots. What stands here is laid over it until the list has the group itself.
 *
 * @import { Group, NewMember } from "../../types/wire.js"
 * @import { Fold } from "./fold.js"
 */

/**
 * A group in the list. While its creation is under way it is `pending`, and its `group_id` is a provisional one.
 * @typedef {Group & { pending?: true }} ListedGroup
 */

/**
 * @typedef {object} Entry
 * @property {ListedGroup} row
 * @property {Group} [answer] What the server answered.
 * @property {string} [linked] The group of an event that looks like this one's, until the answer says which it is.
 * @property {boolean} old It was answered before the present connection was opened.
 */

export class Pending {
  /** In the order of their making. @type {Set<Entry>} */
  #entries = new Set();

  get size() {
    return this.#entries.size;
  }

  /**
   * @param {{ name: string, description?: string, members?: NewMember[] }} draft
   * @param {{ key: string, userId: string, at: string }} how
   * @returns {Entry}
   */
  add(draft, { key, userId, at }) {
    /** @type {ListedGroup} */
    const row = {
      group_id: `pending-${key}`,
      name: normal(draft.name),
      description: normal(draft.description ?? ""),
      admin_id: userId,
      member_count: 1 + new Set(draft.members?.map((member) => member.user_id).filter((id) => id !== userId)).size,
      version: 0,
      created_at: at,
      updated_at: at,
      role: "owner",
      pending: true,
    };
    const entry = { row, old: false };
    this.#entries.add(entry);
    return entry;
  }

  /** The answer is here, before the event or after it. @param {Entry} entry @param {Group} group @param {Fold} fold */
  answered(entry, group, fold) {
    entry.answer = group;
    // Where an event was taken for this one's, it may have been another's of the same name: the answer decides.
    const { linked } = entry;
    entry.linked = undefined;
    if (linked && linked !== group.group_id) this.#link(linked, entry.row);
    if (fold.knows(group.group_id, group.version)) this.#entries.delete(entry);
  }

  /** It was refused, or given up. @param {Entry} entry */
  drop(entry) {
    this.#entries.delete(entry);
  }

  /** The list has a group of one's own making: which of these is it? @param {Group} group */
  created(group) {
    for (const entry of this.#entries) {
      if (entry.answer?.group_id === group.group_id) {
        this.#entries.delete(entry);
        return;
      }
    }
    this.#link(group.group_id, group);
  }

  /** A connection is being opened: what it does not bring, although it was answered before, is gone already. */
  connecting() {
    for (const entry of this.#entries) entry.old = entry.answer !== undefined;
  }

  /** The list was read anew. @param {Fold} fold */
  replaced(fold) {
    for (const entry of this.#entries) {
      if (entry.answer && (entry.old || fold.knows(entry.answer.group_id, entry.answer.version))) this.#entries.delete(entry);
    }
  }

  /** What to lay over the list. @param {Fold} fold @returns {ListedGroup[]} newest first */
  rows(fold) {
    /** @type {ListedGroup[]} */
    const rows = [];
    for (const { row, answer, linked } of this.#entries) {
      if (answer && !fold.knows(answer.group_id, answer.version)) rows.push(answer);
      if (!answer && !linked) rows.push(row);
    }
    return rows.reverse();
  }

  /** Takes the group for the first that looks like it and has no answer yet. @param {string} groupId @param {{ name: string, description: string }} looks */
  #link(groupId, looks) {
    for (const entry of this.#entries) {
      const { row, answer, linked } = entry;
      if (answer || linked || row.name !== looks.name || row.description !== looks.description) continue;
      entry.linked = groupId;
      return;
    }
  }
}

/** As the server keeps names. @param {string} text */
function normal(text) {
  return text.trim().normalize("NFC");
}
