/**
 * One of the lists that only admins see, such as the requests to join: loaded page by page, and loaded again after the events
 * that change it. At most one request is in flight; events during a request lead to one more.
 *
 * @import { GroupsClient } from "../../client/client.js"
 * @import { GroupUpdated } from "../../../types/wire.js"
 */

/** Rows per page, and the most that a reload asks for. */
export const PAGE_ROWS = 50;
const RELOAD_ROWS_MAX = 500;
/** If the group is this many milliseconds ahead of the events seen here, the rows are loaded again. */
const BEHIND_MS = 200;

/** @template Row */
export class AccessRows {
  #client;
  #groupId;
  #read;
  #changes;
  #onChange;
  #abort = new AbortController();
  /** @type {string | null} */
  #next = null;
  /** The version of the group that these rows reflect, or a later one. */
  #version = 0;
  #busy = false;
  /** Whether something has changed since the current request was sent. */
  #stale = false;
  #behindTimer = 0;
  /** @type {readonly Row[]} */
  rows = [];
  loaded = false;
  /** @type {unknown} */
  error = null;

  /**
   * @param {object} parts
   * @param {GroupsClient} parts.client
   * @param {string} parts.groupId
   * @param {(page: { limit: number, after?: string }, signal: AbortSignal) => Promise<{ rows: Row[], next: string | null }>} parts.read
   * @param {(event: GroupUpdated) => boolean} parts.changes Whether an event may have changed the rows.
   * @param {() => void} parts.onChange
   */
  constructor({ client, groupId, read, changes, onChange }) {
    this.#client = client;
    this.#groupId = groupId;
    this.#read = read;
    this.#changes = changes;
    this.#onChange = onChange;
    const { signal } = this.#abort;
    client.on("group_updated", (event) => this.#event(event), { signal });
    client.on("welcome", ({ resumed }) => !resumed && void this.load(), { signal });
    client.on("ready", () => this.error && void this.load(), { signal });
    client.on("change", () => this.#watch(), { signal });
    void this.load();
  }

  close() {
    this.#abort.abort();
    clearTimeout(this.#behindTimer);
  }

  /** Whether more pages can be loaded. */
  get more() {
    return this.#next !== null;
  }

  /** Whether there is, or may be, somebody in the list. */
  get mayHaveRows() {
    return !this.loaded || this.rows.length > 0 || this.#busy;
  }

  /** Loads the rows again, as far as they were loaded before. If a request is in flight, once it is answered. */
  async load() {
    this.#stale = true;
    if (this.#busy) return;
    while (this.#stale && !this.#abort.signal.aborted) {
      this.#stale = false;
      const limit = Math.min(RELOAD_ROWS_MAX, Math.max(PAGE_ROWS, this.rows.length));
      if (!(await this.#request({ limit }, (rows) => rows))) return;
    }
  }

  /** Loads the next page. */
  async next() {
    if (this.#next === null || this.#busy) return;
    await this.#request({ limit: PAGE_ROWS, after: this.#next }, (rows) => [...this.rows, ...rows]);
    if (this.#stale) void this.load();
  }

  /** @param {{ limit: number, after?: string }} page @param {(rows: Row[]) => readonly Row[]} take @returns {Promise<boolean>} whether it was answered */
  async #request(page, take) {
    const { signal } = this.#abort;
    this.#busy = true;
    if (page.after === undefined) this.#version = Math.max(this.#version, this.#listedVersion);
    try {
      const { rows, next } = await this.#read(page, signal);
      if (signal.aborted) return false;
      this.rows = take(rows);
      this.#next = next;
      this.loaded = true;
      this.error = null;
    } catch (error) {
      if (signal.aborted) return false;
      this.error = error;
    } finally {
      this.#busy = false;
    }
    this.#onChange();
    return this.error === null;
  }

  get #listedVersion() {
    return this.#client.group(this.#groupId)?.version ?? 0;
  }

  /** @param {GroupUpdated} event */
  #event(event) {
    if (event.group_id !== this.#groupId) return;
    this.#version = Math.max(this.#version, event.version);
    if (this.#changes(event)) void this.load();
  }

  /** A tab can miss an event and get the list from the leading tab. */
  #watch() {
    const behind = () => this.#listedVersion > this.#version;
    clearTimeout(this.#behindTimer);
    if (behind()) this.#behindTimer = window.setTimeout(() => behind() && void this.load(), BEHIND_MS);
  }
}
