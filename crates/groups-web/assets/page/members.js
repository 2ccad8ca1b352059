/**
 * The members of one group: read by pages, then kept right by the group's events.
 *
 * @import { GroupsClient } from "../client/client.js"
 * @import { GroupEvent, Member } from "../../types/wire.js"
 * @import { Names } from "./names.js"
 */

/** So many at once. */
export const PAGE_MEMBERS = 100;
/** After newcomers came in, their names are asked for once within so many milliseconds. As long may the list be ahead of the events. */
const NAMES_MS = 200;

/** @typedef {Extract<GroupEvent, { group: any }>} MemberEvent */

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
  /** Of the group, up to which these members are right. */
  #version = 0;
  #timer = 0;
  #behindTimer = 0;
  /** Counts the readings: what one brings that was overtaken by a later one is of no interest any more. */
  #readings = 0;
  /** What was told during the reading that is under way: the answer may be older. @type {MemberEvent[] | null} */
  #meanwhile = null;
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
    client.on("change", () => this.#watch(), { signal });
    client.on("ready", () => this.error && void this.load(), { signal });
    void this.load();
  }

  close() {
    this.#abort.abort();
    clearTimeout(this.#timer);
    clearTimeout(this.#behindTimer);
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
    await this.#read(undefined, Math.min(500, wanted), (members) => (this.#members = new Map(members)));
  }

  async next() {
    if (this.#next === null || this.#meanwhile) return;
    await this.#read(this.#next, PAGE_MEMBERS, (members) => {
      for (const [id, member] of members) this.#members.set(id, member);
    });
  }

  /** @param {string | undefined} after @param {number} limit @param {(members: [string, Member][]) => void} take */
  async #read(after, limit, take) {
    const reading = (this.#readings += 1);
    /** @type {MemberEvent[]} */
    const meanwhile = (this.#meanwhile = []);
    try {
      const page = await this.#client.api.listMembers(this.#groupId, { after, limit }, { signal: this.#abort.signal });
      this.#names.learn(page.members);
      if (reading !== this.#readings) return;
      take(page.members.map((member) => [member.user_id, member]));
      if (after === undefined) this.#version = page.version;
      this.#lastPage = after;
      this.#next = page.next;
      this.loaded = true;
      this.error = null;
      for (const event of meanwhile) if (event.version > page.version) this.#apply(event);
    } catch (error) {
      if (this.#abort.signal.aborted || reading !== this.#readings) return;
      this.error = error;
    }
    this.#meanwhile = null;
    this.#onChange();
  }

  /** Tabs can miss what another tab was told, and get the list from it: then it is ahead of what was told here. */
  #watch() {
    const behind = () => this.loaded && !this.#meanwhile && (this.#client.group(this.#groupId)?.version ?? 0) > this.#version;
    clearTimeout(this.#behindTimer);
    if (behind()) this.#behindTimer = setTimeout(() => behind() && void this.load(), NAMES_MS);
  }

  /** @param {MemberEvent} event */
  #event(event) {
    if (event.group_id !== this.#groupId) return;
    this.#meanwhile?.push(event);
    if (!this.loaded || event.version <= this.#version) return;
    this.#apply(event);
    this.#onChange();
  }

  /** @param {MemberEvent} event */
  #apply(event) {
    this.#version = Math.max(event.version, this.#version);
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
    this.#timer = setTimeout(() => void this.#tail(), NAMES_MS);
  }

  /** The end of the list again, for the names and roles of those who have just come in. */
  async #tail() {
    if (this.#meanwhile) return void this.#retail();
    await this.#read(this.#lastPage, PAGE_MEMBERS, (members) => {
      for (const [id, member] of members) this.#members.set(id, member);
    });
  }

  #retail() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#tail(), NAMES_MS);
  }
}
