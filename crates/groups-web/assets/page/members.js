/**
 * The members of one group: read by pages, then kept right by the group's events.
 *
 * @import { GroupsClient } from "../client/client.js"
 * @import { GroupEvent, Member } from "../../types/wire.js"
 * @import { Names } from "./names.js"
 */

/** So many at once. */
export const PAGE_MEMBERS = 100;
/** After newcomers came in, their names are asked for once within so many milliseconds. */
const NAMES_MS = 200;

export class Members {
  #client;
  #groupId;
  #names;
  #onChange;
  #abort = new AbortController();
  /** In joining order. @type {Map<string, Member>} */
  #members = new Map();
  /** @type {string | null} */
  #next = null;
  /** Where the last page began: what joins later joins there. @type {string | undefined} */
  #lastPage;
  #version = 0;
  #timer = 0;
  #reading = false;
  loaded = false;
  /** @type {unknown} */
  error = null;

  /** @param {{ client: GroupsClient, groupId: string, names: Names, onChange: () => void }} parts */
  constructor({ client, groupId, names, onChange }) {
    this.#client = client;
    this.#groupId = groupId;
    this.#names = names;
    this.#onChange = onChange;
    const { signal } = this.#abort;
    for (const name of /** @type {const} */ (["group_updated", "role_changed"])) {
      client.on(name, (event) => this.#event(event), { signal });
    }
    client.on("welcome", ({ resumed }) => !resumed && this.loaded && void this.load(), { signal });
    void this.load();
  }

  close() {
    this.#abort.abort();
    clearTimeout(this.#timer);
  }

  get list() {
    return [...this.#members.values()];
  }

  /** @param {string} userId */
  get(userId) {
    return this.#members.get(userId);
  }

  /** Whether there are more than are read so far. */
  get more() {
    return this.#next !== null;
  }

  /** Reads it anew, as far as it was read. */
  async load() {
    const wanted = Math.max(PAGE_MEMBERS, this.#members.size);
    this.#reading = false;
    await this.#read(undefined, Math.min(500, wanted), (members) => (this.#members = new Map(members)));
  }

  async next() {
    if (this.#next === null || this.#reading) return;
    await this.#read(this.#next, PAGE_MEMBERS, (members) => {
      for (const [id, member] of members) this.#members.set(id, member);
    });
  }

  /** @param {string | undefined} after @param {number} limit @param {(members: [string, Member][]) => void} take */
  async #read(after, limit, take) {
    this.#reading = true;
    try {
      const page = await this.#client.api.listMembers(this.#groupId, { after, limit }, { signal: this.#abort.signal });
      this.#names.learn(page.members);
      take(page.members.map((member) => [member.user_id, member]));
      if (after === undefined) this.#version = page.version;
      this.#lastPage = after;
      this.#next = page.next;
      this.loaded = true;
      this.error = null;
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      this.error = error;
    }
    this.#reading = false;
    this.#onChange();
  }

  /** @param {Extract<GroupEvent, { group: any }>} event */
  #event(event) {
    if (event.group_id !== this.#groupId || !this.loaded || event.version <= this.#version) return;
    this.#version = event.version;
    if (event.type === "role_changed") {
      this.#set(this.#client.userId, { role: event.role });
      // Whether the old owner stayed or left is not said.
      if (event.role === "owner") void this.load();
    } else if (event.type === "group_updated") {
      switch (event.action) {
        case "member_added":
          this.#joined([event.user_id], event.role, event.at);
          break;
        case "members_added":
          if (event.user_ids) this.#joined(event.user_ids, "member", event.at);
          else void this.load();
          break;
        case "member_removed":
        case "member_left":
          this.#members.delete(event.user_id);
          break;
        case "role_changed":
          this.#set(event.user_id, { role: event.role });
          break;
      }
    }
    // There is one owner, and the group says who.
    for (const { user_id, role } of this.#members.values()) {
      if (user_id === event.group.admin_id) this.#set(user_id, { role: "owner" });
      else if (role === "owner") this.#set(user_id, { role: "admin" });
    }
    this.#onChange();
  }

  /** @param {string} userId @param {Partial<Member>} change */
  #set(userId, change) {
    const member = this.#members.get(userId);
    if (member) this.#members.set(userId, { ...member, ...change });
  }

  /** Newcomers are at the end; where that is not read yet they come with their page. @param {string[]} userIds @param {Member["role"]} role @param {string} at */
  #joined(userIds, role, at) {
    if (this.#next !== null) return;
    for (const user_id of userIds) {
      const name = this.#names.has(user_id) ? this.#names.of(user_id) : undefined;
      this.#members.set(user_id, { user_id, role, joined_at: at, name });
    }
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.#tail(), NAMES_MS);
  }

  /** The end of the list again, for the names and roles of those who have just come in. */
  async #tail() {
    if (this.#reading) return void this.#retail();
    await this.#read(this.#lastPage, PAGE_MEMBERS, (members) => {
      for (const [id, member] of members) this.#members.set(id, member);
    });
  }

  #retail() {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.#tail(), NAMES_MS);
  }
}
