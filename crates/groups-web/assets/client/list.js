/**
 * One user's list of groups, invitations and requests to join: applies snapshots and events, and reports changes.
 *
 * @import { Group, GroupEvent, NewMember, Snapshot } from "../../types/wire.js"
 * @import { Env } from "./env.js"
 * @import { Folded, FoldState } from "./fold.js"
 * @import { ListedGroup } from "./pending.js"
 */

import { Fold } from "./fold.js";
import { Pending } from "./pending.js";

/** @typedef {{ fold: FoldState, cursor: string | undefined, loaded: boolean, catchingUp: boolean, pieces: Group[] }} ListState For another tab. */

export class GroupList {
  #env;
  #onChange;
  #fold = new Fold();
  #pending = new Pending();
  /** The pieces of an incomplete snapshot. @type {Group[]} */
  #pieces = [];
  /** Between `welcome` and `ready`, changes are reported once at the end. */
  #catchingUp = false;
  #changed = false;
  #loaded = false;
  /** @type {string | undefined} */
  #cursor;
  /** @type {readonly ListedGroup[] | null} */
  #listed = null;
  /** Whether expired invitations are reported. */
  #watching = false;
  /** When the next invitation expires, in milliseconds since 1970. */
  #until = Infinity;
  /** @type {any} */
  #timer = null;

  /** @param {Env} env @param {() => void} onChange */
  constructor(env, onChange) {
    this.#env = env;
    this.#onChange = onChange;
  }

  /** Pending groups first, then newest first. Returns the same array until the list changes. @returns {readonly ListedGroup[]} */
  get groups() {
    this.#listed ??= [...this.#pending.rows(this.#fold), ...[...this.#fold.rows()].sort(newestFirst)];
    return this.#listed;
  }

  /** Invitations that have not expired, and requests to join, newest group first. Returns the same arrays until they change. */
  get waiting() {
    return this.#fold.waiting.at(this.#env.wallNow());
  }

  /** The position up to which the list is complete. */
  get cursor() {
    return this.#cursor;
  }

  /** Whether a list was ever received. */
  get loaded() {
    return this.#loaded;
  }

  /** @param {string} groupId @returns {ListedGroup | undefined} */
  group(groupId) {
    return this.#fold.get(groupId) ?? this.groups.find((group) => group.group_id === groupId);
  }

  /** Whether the server has sent this group, so that it is not only pending. @param {string} groupId */
  knows(groupId) {
    return this.#fold.get(groupId) !== undefined;
  }

  /**
   * Lists a pending group immediately, and replaces or drops it when the request completes.
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

  /** From now on, and if there are any now, expired invitations are reported as a change. */
  watch() {
    this.#watching = true;
    if (this.#until <= this.#env.wallNow()) this.#touch();
    else this.#wait();
  }

  /** Ends {@link watch}. */
  rest() {
    this.#watching = false;
    this.#env.clearTimeout(this.#timer);
  }

  // ---- From the connection ----

  /** A connection is being opened. */
  opening() {
    this.#pending.connecting();
  }

  /** The connection is open. */
  welcome() {
    this.#catchingUp = true;
    this.#pieces = [];
  }

  /** @param {Snapshot} piece @returns {boolean} whether this was the last piece, so that the list was replaced */
  snapshot(piece) {
    this.#pieces.push(...piece.groups);
    if (piece.more) return false;
    this.#fold.replace(this.#pieces, [...(piece.invitations ?? []), ...(piece.requests ?? [])]);
    this.#pieces = [];
    this.#cursor = piece.cursor;
    this.#loaded = true;
    this.#pending.replaced(this.#fold);
    this.#touch();
    return true;
  }

  /** The list is up to date from here on. @param {string} cursor */
  ready(cursor) {
    this.#cursor = cursor;
    this.#loaded = true;
    this.#catchingUp = false;
    if (this.#changed) this.#touch();
  }

  /** Applies an event. After a gap the cursor is dropped, so the list is read again. @param {GroupEvent} event @returns {Folded} */
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

  // ---- Between tabs and users ----

  /** @returns {ListState} */
  export() {
    return { fold: this.#fold.export(), cursor: this.#cursor, loaded: this.#loaded, catchingUp: this.#catchingUp, pieces: this.#pieces };
  }

  /** Takes over the state of the leader. @param {ListState} state */
  import(state) {
    if (state.loaded) this.#fold.merge(state.fold);
    this.#cursor = state.cursor;
    this.#loaded ||= state.loaded;
    this.#catchingUp = state.catchingUp;
    this.#pieces = state.pieces;
    if (state.loaded) this.#pending.replaced(this.#fold);
    this.#touch();
  }

  /** Drops everything, because the next list belongs to another user. */
  forget() {
    this.#fold = new Fold();
    this.#pending = new Pending();
    this.#pieces = [];
    this.#cursor = undefined;
    this.#loaded = false;
    this.#catchingUp = false;
    this.#touch();
  }

  /** Reports a change; while catching up, only once at the end. @param {{ now?: boolean }} [how] */
  #touch({ now = false } = {}) {
    this.#listed = null;
    this.#changed = this.#catchingUp && !now;
    this.#wait();
    if (!this.#changed) this.#onChange();
  }

  /** Waits for the next invitation to expire. */
  #wait() {
    this.#env.clearTimeout(this.#timer);
    this.#until = this.waiting.until;
    if (!this.#watching || this.#until === Infinity) return;
    this.#timer = this.#env.setTimeout(() => this.watch(), this.#until - this.#env.wallNow());
  }
}

/** Ids are UUIDv7 and grow with time. @param {Group} a @param {Group} b */
function newestFirst(a, b) {
  return a.group_id < b.group_id ? 1 : a.group_id > b.group_id ? -1 : 0;
}
