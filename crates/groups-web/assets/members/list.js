/**
 * The members of one group: loaded page by page, then kept up to date by the group's events.
 *
 * @import { GroupsClient } from "../client/client.js"
 * @import { GroupUpdated, Member, RoleChanged } from "../../types/wire.js"
 */

/** Members per page. */
export const PAGE_MEMBERS = 100;
/** After members join, their names are requested once within this many milliseconds. The list may also be ahead of the events for this long. */
const NAMES_MS = 200;
/** After a failed load, the list is loaded again after this many milliseconds if it is behind. */
const RETRY_MS = 5_000;

/** @typedef {GroupUpdated | RoleChanged} MemberEvent */
/** @typedef {{ learn: (members: Member[]) => void, find: (userId: string) => string | undefined }} KnownNames */

/** @type {KnownNames} */
const NO_NAMES = { learn: () => {}, find: () => undefined };

export class MemberList {
  #client;
  #groupId;
  #onChange;
  #names;
  #abort = new AbortController();
  /** In order of joining. @type {Map<string, Member>} */
  #members = new Map();
  /** @type {string | null} */
  #next = null;
  /** The start of the last page, where new members appear. @type {string | undefined} */
  #lastPage;
  /** The version of the group that these members reflect. */
  #version = 0;
  /** The number of members after the last event. @type {number | undefined} */
  #count;
  #timer = 0;
  #behindTimer = 0;
  /** Counts reads, so that the result of an overtaken read is discarded. */
  #reads = 0;
  /** Events received during the current read, whose answer may be older. @type {MemberEvent[] | null} */
  #meanwhile = null;
  loaded = false;
  /** @type {unknown} */
  error = null;

  /**
   * @param {object} parts
   * @param {GroupsClient} parts.client
   * @param {string} parts.groupId
   * @param {() => void} parts.onChange
   * @param {KnownNames} [parts.names] Names from elsewhere, for members who have just joined.
   */
  constructor({ client, groupId, onChange, names = NO_NAMES }) {
    this.#client = client;
    this.#groupId = groupId;
    this.#names = names;
    this.#onChange = onChange;
    const { signal } = this.#abort;
    for (const name of /** @type {const} */ (["group_updated", "role_changed"])) {
      client.on(name, (event) => this.#event(event), { signal });
    }
    client.on("welcome", ({ resumed }) => !resumed && (this.loaded || this.loading) && void this.load(), { signal });
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

  /** Whether a page is being loaded. */
  get loading() {
    return this.#meanwhile !== null;
  }

  /** @param {string} userId */
  get(userId) {
    return this.#members.get(userId);
  }

  /** Whether more pages can be loaded. */
  get more() {
    return this.#next !== null;
  }

  /** Loads the members again, as far as they were loaded before. */
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
    const read = (this.#reads += 1);
    /** @type {MemberEvent[]} */
    const meanwhile = (this.#meanwhile = []);
    try {
      const page = await this.#client.api.listMembers(this.#groupId, { after, limit }, { signal: this.#abort.signal });
      this.#names.learn(page.members);
      if (read !== this.#reads) return;
      take(page.members.map((member) => [member.user_id, member]));
      if (after === undefined) this.#version = page.version;
      this.#lastPage = after;
      this.#next = page.next;
      this.loaded = true;
      this.error = null;
      for (const event of meanwhile) if (event.version > page.version) this.#apply(event);
    } catch (error) {
      if (this.#abort.signal.aborted || read !== this.#reads) return;
      this.error = error;
    }
    this.#meanwhile = null;
    this.#onChange();
    this.#watch();
  }

  /** A tab can miss an event and get the list from the leading tab: then the list is ahead of the events seen here. */
  #watch() {
    const behind = () => this.loaded && !this.#meanwhile && (this.#client.group(this.#groupId)?.version ?? 0) > this.#version;
    clearTimeout(this.#behindTimer);
    if (behind()) this.#behindTimer = setTimeout(() => behind() && void this.load(), this.error ? RETRY_MS : NAMES_MS);
  }

  /** @param {MemberEvent} event */
  #event(event) {
    if (event.group_id !== this.#groupId) return;
    this.#meanwhile?.push(event);
    if (!this.loaded || event.version <= this.#version) return;
    // Something is missing, for example because a load after a reconnection has failed.
    if (event.version > this.#version + 1) return void this.load();
    this.#apply(event);
    this.#onChange();
  }

  /** @param {MemberEvent} event */
  #apply(event) {
    this.#version = Math.max(event.version, this.#version);
    if (event.type === "role_changed") {
      this.#set(this.#client.userId, { role: event.role });
      // The event does not say whether the previous owner stayed or left.
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
        case "banned":
          this.#members.delete(event.user_id);
          break;
        case "access_changed":
          // Somebody was banned, perhaps a member. Only admins are told who.
          if (event.group.member_count !== (this.more ? this.#count : this.#members.size)) void this.load();
          break;
        case "role_changed":
          this.#set(event.user_id, { role: event.role });
          break;
      }
    }
    this.#count = event.group.member_count;
    if (event.actor_name) this.#set(event.actor_id, { name: event.actor_name });
    // There is exactly one owner, named by the group.
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

  /** New members are at the end of the list. If the end is not loaded yet, they arrive with their page. @param {string[]} userIds @param {Member["role"]} role @param {string} at */
  #joined(userIds, role, at) {
    if (this.#next !== null) return;
    for (const user_id of userIds) {
      this.#members.set(user_id, { user_id, role, joined_at: at, name: this.#names.find(user_id) });
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#tail(), NAMES_MS);
  }

  /** Loads the end of the list again, for the names and roles of members who have just joined. */
  async #tail() {
    if (this.#meanwhile) return void this.#retail();
    // The end is also the start: then the whole list is as new as the answer, without members who have left.
    if (this.#lastPage === undefined) return void this.load();
    await this.#read(this.#lastPage, PAGE_MEMBERS, (members) => {
      for (const [id, member] of members) this.#members.set(id, member);
    });
  }

  #retail() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#tail(), NAMES_MS);
  }
}
