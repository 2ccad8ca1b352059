/**
 * The client: one user's groups, live.
 *
 * @import { AddedToGroup, ClientFrame, ErrorFrame, Group, GroupCreated, GroupDeleted, GroupEvent, GroupUpdated, NewMember, Ready, RemovedFromGroup, RoleChanged, ServerFrame, Snapshot, Typing, Welcome } from "../../types/wire.js"
 * @import { CallOptions } from "./http.js"
 * @import { State, Status } from "./link.js"
 * @import { ListState } from "./list.js"
 * @import { ClientOptions } from "./options.js"
 * @import { ListedGroup } from "./pending.js"
 */

import { Emitter } from "./emitter.js";
import { browserEnv } from "./env.js";
import { Api } from "./http.js";
import { Link } from "./link.js";
import { GroupList } from "./list.js";
import { checkedOptions } from "./options.js";
import { Tabs } from "./tabs.js";
import { withBoundedTimers } from "./timers.js";
import { Tokens, subjectOf } from "./tokens.js";
import { Typing as Typists } from "./typing.js";

/**
 * What can be listened to: every frame of the contract by its `type`, and
 * `state` (the connection), `change` (the list), `frame` (everything that goes over the wire, for inspectors).
 * An event of a group is told only where it is news, in order, once.
 * @typedef {object} ClientEvents
 * @property {Status} state
 * @property {{ groups: readonly ListedGroup[] }} change
 * @property {{ direction: "in" | "out", frame: ServerFrame | ClientFrame }} frame
 * @property {Welcome} welcome
 * @property {Snapshot} snapshot
 * @property {Ready} ready
 * @property {GroupCreated} group_created
 * @property {AddedToGroup} added_to_group
 * @property {GroupUpdated} group_updated
 * @property {RoleChanged} role_changed
 * @property {RemovedFromGroup} removed_from_group
 * @property {GroupDeleted} group_deleted
 * @property {Typing} typing
 * @property {ErrorFrame} error
 */

/** @extends {Emitter<ClientEvents>} */
export class GroupsClient extends Emitter {
  /** Every HTTP path as a call. @readonly @type {Api} */
  api;

  #env;
  #tokens;
  #base;
  #link;
  /** @type {Tabs | null} */
  #tabs = null;
  #shares;
  #list = new GroupList(() => this.emit("change", { groups: this.groups }));
  /** @type {Status} */
  #status = { state: "offline", reason: "Not connected", final: true };
  #userId = "";
  /** Counts connects and closes: what was begun before the last of them does not go on. */
  #era = 0;
  #open = false;
  /** @type {(() => void) | null} */
  #stopWaking = null;
  #typists;

  /** Throws a `TypeError` that says what is wrong with the options. @param {ClientOptions} options */
  constructor(options) {
    super();
    const { getToken, base, tabs, env } = checkedOptions(options);
    this.#env = withBoundedTimers({ ...browserEnv(), ...env });
    this.#tokens = new Tokens(this.#env, getToken);
    this.#typists = new Typists(this.#env, (typing) => this.emit("typing", typing));
    this.#base = base.href;
    this.#shares = tabs && Tabs.possible(this.#env);
    this.api = new Api({ env: this.#env, tokens: this.#tokens, base: this.#base });
    const socketUrl = new URL("v1/ws", base);
    socketUrl.protocol = base.protocol === "https:" ? "wss:" : "ws:";
    this.#link = new Link({
      env: this.#env,
      tokens: this.#tokens,
      api: this.api,
      url: socketUrl.href,
      cursor: () => {
        this.#opening();
        return this.#list.cursor;
      },
      onFrame: (frame) => {
        if (frame.type === "welcome" && this.#isOther(frame.user_id)) return this.#changeHands(frame.user_id);
        this.#tabs?.tell({ kind: "frame", frame });
        this.#take(frame);
      },
      onStatus: (status) => {
        this.#tabs?.tell({ kind: "status", status });
        this.#setStatus(status);
        // Nothing more is tried here. Another tab may have a better token, or more luck.
        if (status.final) this.#leave();
      },
    });
  }

  /** The groups: those being created first, then the newest first. The same array until the list changes. @returns {readonly ListedGroup[]} */
  get groups() {
    return this.#list.groups;
  }

  /** One of them. @param {string} groupId @returns {ListedGroup | undefined} */
  group(groupId) {
    return this.#list.group(groupId);
  }

  /** How the connection is. @returns {State} */
  get state() {
    return this.#status.state;
  }

  /** The same with its reason, and when the next try is due. @returns {Readonly<Status>} */
  get status() {
    return this.#status;
  }

  /** Whether a list was ever received: before that, an empty one means nothing. */
  get loaded() {
    return this.#list.loaded;
  }

  /** Whether {@link connect} was ever called. */
  get begun() {
    return this.#era > 0;
  }

  /** Whose list it is; empty before the first connection. */
  get userId() {
    return this.#userId;
  }

  /** Whether this tab has the socket. */
  get leading() {
    return this.#tabs ? this.#tabs.leading : this.#open;
  }

  /** Connects, and stays connected until {@link close}. Does nothing where that is the case already. */
  connect() {
    if (this.#open) return;
    this.#open = true;
    this.#era += 1;
    this.#setStatus({ state: "connecting", reason: "" });
    this.#stopWaking = this.#env.onWake(() => this.#wake());
    if (this.#shares) void this.#joinTabs(this.#era);
    else this.#link.start();
  }

  /** Ends the connection. The list stays as it was last, and a later {@link connect} goes on from there; with another person's token it begins anew. */
  close() {
    this.#stop();
    this.#tokens.forget();
    this.#setStatus({ state: "offline", reason: "Closed", final: true });
  }

  /**
   * Creates a group. It is in the list at once, as `pending`; the promise tells what became of it.
   * @param {{ name: string, description?: string, members?: NewMember[] }} draft
   * @param {CallOptions} [options]
   * @returns {Promise<Group>}
   */
  createGroup(draft, options = {}) {
    const key = options.idempotencyKey ?? this.#env.newId();
    const at = new Date(this.#env.wallNow()).toISOString();
    const create = () => this.api.createGroup(draft, { ...options, idempotencyKey: key });
    return this.#list.create(draft, { key, userId: this.#userId, at }, create);
  }

  /** Tells the others in the group that this user types, or no longer does. Call it at each key; it is sent now and then. @param {string} groupId @param {boolean} typing */
  setTyping(groupId, typing) {
    if (!this.#typists.isNews(groupId, typing)) return;
    this.#send({ type: "typing", group_id: groupId, typing });
  }

  /** Who types in a group at present. @param {string} groupId @returns {string[]} user ids */
  typists(groupId) {
    return this.#typists.of(groupId);
  }

  /** Tries to connect now rather than after the wait, except where the server itself has named the time. */
  retry() {
    if (this.#open) this.#wake();
    else this.connect();
  }

  /** Cuts the connection, to see it come back after so many milliseconds. For trying things out. @param {number} [ms] */
  cut(ms = 0) {
    if (this.#tabs && !this.#tabs.leading) this.#tabs.ask({ kind: "cut", ms });
    else this.#link.cut(ms);
  }

  // ---- One socket, or one for several tabs ----

  /** @param {number} era */
  async #joinTabs(era) {
    let token;
    try {
      token = await this.#tokens.current();
    } catch {
      // The link asks again, in its own time.
    }
    if (era !== this.#era) return;
    const subject = token && subjectOf(token);
    if (!subject) return this.#link.start();
    this.#userId ||= subject;
    this.#tabs = new Tabs(this.#env, `groups ${this.#base} ${subject}`, {
      onLead: () => this.#link.start(),
      onDeposed: () => this.#link.stop(),
      onAlone: () => {
        this.#tabs?.leave();
        this.#tabs = null;
        this.#link.start();
      },
      exportState: () => ({ ...this.#list.export(), userId: this.#userId }),
      importState: (state) => this.#import(state),
      onFrame: (frame) => this.#take(frame),
      onStatus: (status) => this.#follow(status),
      onOpening: () => this.#list.opening(),
      status: () => this.#status,
      onRequest: (message) => {
        if (message.kind === "wake") this.#link.wake();
        else if (message.kind === "cut") this.#link.cut(message.ms);
        else this.#link.send(message.frame);
      },
    });
    this.#tabs.join();
  }

  #leave() {
    this.#tabs?.leave();
    this.#tabs = null;
    this.#open = false;
    this.#stopWaking?.();
    this.#stopWaking = null;
  }

  #stop() {
    this.#era += 1;
    this.#leave();
    this.#link.stop();
    this.#typists.clear();
  }

  /** Whether the list is somebody else's. @param {string} userId */
  #isOther(userId) {
    return this.#list.loaded && userId !== "" && userId !== this.#userId;
  }

  /** The token is another person's now: nothing of the old list or its cursor is theirs. @param {string} userId */
  #changeHands(userId) {
    this.#stop();
    this.#list.forget();
    this.#userId = userId;
    this.connect();
  }

  /** What the leader says of the connection. Its end is not this tab's: another takes over. @param {Status} status */
  #follow(status) {
    this.#setStatus(status.final ? { state: "reconnecting", reason: status.reason } : status);
  }

  /** @param {ListState & { userId: string }} state */
  #import(state) {
    if (this.#isOther(state.userId)) this.#list.forget();
    this.#userId = state.userId || this.#userId;
    this.#list.import(state);
  }

  #wake() {
    if (this.#tabs && !this.#tabs.leading) this.#tabs.wake();
    else this.#link.wake();
  }

  #opening() {
    this.#tabs?.tell({ kind: "opening" });
    this.#list.opening();
  }

  /** @param {ClientFrame} frame */
  #send(frame) {
    this.emit("frame", { direction: "out", frame });
    if (this.#tabs && !this.#tabs.leading) this.#tabs.ask({ kind: "send", frame });
    else this.#link.send(frame);
  }

  // ---- What the server says ----

  /** @param {ServerFrame} frame */
  #take(frame) {
    this.emit("frame", { direction: "in", frame });
    switch (frame.type) {
      case "welcome":
        this.#userId = frame.user_id;
        this.#list.welcome();
        this.emit("welcome", frame);
        break;
      case "snapshot":
        if (this.#list.snapshot(frame)) this.#typists.forget();
        this.emit("snapshot", frame);
        break;
      case "ready":
        this.#list.ready(frame.cursor);
        this.emit("ready", frame);
        break;
      case "group_created":
      case "added_to_group":
      case "group_updated":
      case "role_changed":
      case "removed_from_group":
      case "group_deleted":
        this.#event(frame);
        break;
      case "typing":
        if (this.#list.knows(frame.group_id)) this.#typists.take(frame);
        break;
      case "error":
        this.emit("error", frame);
        break;
      // Anything else is of a later version of the contract, or a pong.
    }
  }

  /** @param {GroupEvent} event */
  #event(event) {
    const folded = this.#list.event(event);
    if (folded === "gap") {
      // A tab that follows has missed something of the leader's, who has not.
      if (this.#tabs && !this.#tabs.leading) this.#tabs.resync();
      else this.#link.resync();
    }
    if (folded !== "applied") return;
    if (event.type === "removed_from_group" || event.type === "group_deleted") this.#typists.quiet(event.group_id);
    else if (event.type === "group_updated" && (event.action === "member_removed" || event.action === "member_left")) {
      this.#typists.gone(event.group_id, event.user_id);
    }
    this.emit(/** @type {any} */ (event.type), event);
  }

  /** @param {Status} status */
  #setStatus(status) {
    const { state, reason, retryInMs, final } = this.#status;
    const news = state !== status.state || reason !== status.reason || final !== status.final;
    this.#status = status;
    // A new wait is worth telling although it is as long as the last one.
    if (news || retryInMs !== undefined || status.retryInMs !== undefined) this.emit("state", status);
  }
}
