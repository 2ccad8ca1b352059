/**
 * One user's list as it is told by a connection: snapshots and events come in, and whoever shows it is told when it has changed.
 *
 * @import { Group, GroupEvent, NewMember, Snapshot } from "../../types/wire.js"
 * @import { Folded, FoldState } from "./fold.js"
 * @import { ListedGroup } from "./pending.js"
 */

import { Fold } from "./fold.js";
import { Pending } from "./pending.js";

/** @typedef {{ fold: FoldState, cursor: string | undefined, loaded: boolean, catchingUp: boolean, pieces: Group[] }} ListState For another tab. */

export class GroupList {
  #onChange;
  #fold = new Fold();
  #pending = new Pending();
  /** The pieces of a snapshot that is coming in. @type {Group[]} */
  #pieces = [];
  /** Between `welcome` and `ready` changes are collected. */
  #catchingUp = false;
  #changed = false;
  #loaded = false;
  /** @type {string | undefined} */
  #cursor;
  /** @type {readonly ListedGroup[] | null} */
  #listed = null;

  /** @param {() => void} onChange */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  /** Those being created first, then the newest first. The same array until the list changes. @returns {readonly ListedGroup[]} */
  get groups() {
    this.#listed ??= [...this.#pending.rows(this.#fold), ...[...this.#fold.rows()].sort(newestFirst)];
    return this.#listed;
  }

  /** Up to where the list is known. */
  get cursor() {
    return this.#cursor;
  }

  /** Whether a list was ever received: before that, an empty one means nothing. */
  get loaded() {
    return this.#loaded;
  }

  /** @param {string} groupId @returns {ListedGroup | undefined} */
  group(groupId) {
    return this.#fold.get(groupId) ?? this.groups.find((group) => group.group_id === groupId);
  }

  /** Whether the server has told of this group. @param {string} groupId */
  knows(groupId) {
    return this.#fold.get(groupId) !== undefined;
  }

  /**
   * Lists a group at once that is being created, and keeps it in line with what becomes of it.
   * @param {{ name: string, description?: string, members?: NewMember[] }} draft
   * @param {{ key: string, userId: string, at: string }} how
   * @param {() => Promise<Group>} create
   */
  async create(draft, how, create) {
    const entry = this.#pending.add(draft, how);
    this.#touch({ now: true });
    try {
      const group = await create();
      this.#pending.answered(entry, group, this.#fold);
      return group;
    } catch (error) {
      this.#pending.drop(entry);
      throw error;
    } finally {
      this.#touch({ now: true });
    }
  }

  // ---- What a connection tells ----

  /** One is being opened. */
  opening() {
    this.#pending.connecting();
  }

  /** It is open. */
  welcome() {
    this.#catchingUp = true;
    this.#pieces = [];
  }

  /** @param {Snapshot} piece @returns {boolean} whether the list was replaced: this was the last piece */
  snapshot(piece) {
    this.#pieces.push(...piece.groups);
    if (piece.more) return false;
    this.#fold.replace(this.#pieces);
    this.#pieces = [];
    this.#cursor = piece.cursor;
    this.#loaded = true;
    this.#pending.replaced(this.#fold);
    this.#touch();
    return true;
  }

  /** The list is right from here on. @param {string} cursor */
  ready(cursor) {
    this.#cursor = cursor;
    this.#loaded = true;
    this.#catchingUp = false;
    if (this.#changed) this.#touch();
  }

  /** After a gap there is no cursor: the list has to be read again. @param {GroupEvent} event @returns {Folded} */
  event(event) {
    const folded = this.#fold.apply(event);
    this.#cursor = folded === "gap" ? undefined : event.cursor;
    if (folded !== "applied") return folded;
    if (event.type === "group_created") {
      const group = this.#fold.get(event.group_id);
      if (group) this.#pending.created(group);
    }
    this.#touch();
    return folded;
  }

  // ---- Between tabs and people ----

  /** @returns {ListState} */
  export() {
    return { fold: this.#fold.export(), cursor: this.#cursor, loaded: this.#loaded, catchingUp: this.#catchingUp, pieces: this.#pieces };
  }

  /** Takes over what the tab with the connection knows. @param {ListState} state */
  import(state) {
    if (state.loaded) this.#fold.merge(state.fold);
    this.#cursor = state.cursor;
    this.#loaded ||= state.loaded;
    this.#catchingUp = state.catchingUp;
    this.#pieces = state.pieces;
    if (state.loaded) this.#pending.replaced(this.#fold);
    this.#touch();
  }

  /** The next list is another person's. */
  forget() {
    this.#fold = new Fold();
    this.#pending = new Pending();
    this.#pieces = [];
    this.#cursor = undefined;
    this.#loaded = false;
    this.#catchingUp = false;
    this.#touch();
  }

  /** The list has changed. While catching up that is told once, at the end. @param {{ now?: boolean }} [how] */
  #touch({ now = false } = {}) {
    this.#listed = null;
    this.#changed = this.#catchingUp && !now;
    if (!this.#changed) this.#onChange();
  }
}

/** Ids are UUIDv7: they grow with time. @param {Group} a @param {Group} b */
function newestFirst(a, b) {
  return a.group_id < b.group_id ? 1 : a.group_id > b.group_id ? -1 : 0;
}
