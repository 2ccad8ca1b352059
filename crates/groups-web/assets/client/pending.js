/**
 * Groups that are being created: shown immediately, and reconciled with the answer and the event, whichever comes first.
 *
 * The list itself contains only events and snapshots. Pending groups are overlaid until the list contains the real group.
 *
 * @import { Group, NewMember } from "../../types/wire.js"
 * @import { Fold } from "./fold.js"
 */

/**
 * A group in the list. While it is being created, it is `pending` and its `group_id` is provisional.
 * @typedef {Group & { pending?: true }} ListedGroup
 */

/**
 * @typedef {object} Entry
 * @property {ListedGroup} row
 * @property {Group} [answer] The server's answer.
 * @property {string} [linked] The group of an event that matches this entry, until the answer confirms it.
 * @property {boolean} old Whether the answer came before the current connection was opened.
 */

export class Pending {
  /** In order of creation. @type {Set<Entry>} */
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
      join_policy: "closed",
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

  /** The answer has arrived, before or after the event. @param {Entry} entry @param {Group} group @param {Fold} fold */
  answered(entry, group, fold) {
    entry.answer = group;
    // The linked event may belong to another entry with the same name; the answer decides.
    const { linked } = entry;
    entry.linked = undefined;
    if (linked && linked !== group.group_id) this.#link(linked, entry.row);
    if (fold.knows(group.group_id, group.version)) this.#entries.delete(entry);
  }

  /** The request was refused or aborted. @param {Entry} entry */
  drop(entry) {
    this.#entries.delete(entry);
  }

  /** An event brought a group that this user created: match it with an entry. @param {Group} group */
  created(group) {
    for (const entry of this.#entries) {
      if (entry.answer?.group_id === group.group_id) {
        this.#entries.delete(entry);
        return;
      }
    }
    this.#link(group.group_id, group);
  }

  /** A connection is being opened: a group that was answered before and is not in the new list is already gone. */
  connecting() {
    for (const entry of this.#entries) entry.old = entry.answer !== undefined;
  }

  /** The list was replaced by a snapshot. @param {Fold} fold */
  replaced(fold) {
    for (const entry of this.#entries) {
      if (entry.answer && (entry.old || fold.knows(entry.answer.group_id, entry.answer.version))) this.#entries.delete(entry);
    }
  }

  /** The rows to overlay on the list. @param {Fold} fold @returns {ListedGroup[]} newest first */
  rows(fold) {
    /** @type {ListedGroup[]} */
    const rows = [];
    for (const { row, answer, linked } of this.#entries) {
      if (answer && !fold.knows(answer.group_id, answer.version)) rows.push(answer);
      if (!answer && !linked) rows.push(row);
    }
    return rows.reverse();
  }

  /** Links the group to the first unanswered entry with the same name and description. @param {string} groupId @param {{ name: string, description: string }} looks */
  #link(groupId, looks) {
    for (const entry of this.#entries) {
      const { row, answer, linked } = entry;
      if (answer || linked || row.name !== looks.name || row.description !== looks.description) continue;
      entry.linked = groupId;
      return;
    }
  }
}

/** Normalizes a name as the server does. @param {string} text */
function normal(text) {
  return text.trim().normalize("NFC");
}
