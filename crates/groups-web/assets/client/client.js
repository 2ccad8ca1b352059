/**
 * The client: one user's groups, invitations and requests to join, updated in real time.
 *
 * @import { AddedToGroup, ClientFrame, ErrorFrame, Group, GroupCreated, GroupDeleted, GroupEvent, GroupUpdated, InvitationEnded, InvitedToGroup, JoinRequest, JoinRequestEnded, JoinRequested, NewMember, Ready, RemovedFromGroup, RoleChanged, ServerFrame, Snapshot, Typing, Welcome } from "../../types/wire.js"
 * @import { CallOptions } from "./http.js"
 * @import { State, Status } from "./link.js"
 * @import { ListState } from "./list.js"
 * @import { ClientOptions } from "./options.js"
 * @import { ListedGroup } from "./pending.js"
 * @import { ListedInvitation } from "./waiting.js"
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
 * The events of the client: every server frame by its `type`, and
 * `state` (the connection has changed), `change` (the groups, invitations or requests to join have changed), `frame` (any frame sent or received, for inspectors).
 * Each event of a group is emitted once and in order; repeats after a resume are dropped.
 * @typedef {object} ClientEvents
 * @property {Status} state
 * @property {{ groups: readonly ListedGroup[], invitations: readonly ListedInvitation[], joinRequests: readonly JoinRequest[] }} change
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
 * @property {InvitedToGroup} invited_to_group
 * @property {InvitationEnded} invitation_ended
 * @property {JoinRequested} join_requested
 * @property {JoinRequestEnded} join_request_ended
 * @property {Typing} typing
 * @property {ErrorFrame} error
 */

/** @extends {Emitter<ClientEvents>} */
export class GroupsClient extends Emitter {
  /** One method for each HTTP endpoint. @readonly @type {Api} */
  api;

  #env;
  #tokens;
  #base;
  #link;
  /** @type {Tabs | null} */
  #tabs = null;
  #shares;
  #list;
  /** @type {Status} */
  #status = { state: "offline", reason: "Not connected", final: true };
  #userId = "";
  /** Counts calls of `connect` and `close`, so that work started before the last one is abandoned. */
  #era = 0;
  #open = false;
  /** @type {(() => void) | null} */
  #stopWaking = null;
  #typists;

  /** Throws a `TypeError` if an option is unknown or invalid. @param {ClientOptions} options */
  constructor(options) {
    super();
    const { getToken, base, tabs, transports, env } = checkedOptions(options);
    this.#env = withBoundedTimers({ ...browserEnv(), ...env });
    this.#list = new GroupList(this.#env, () => {
      const { groups, invitations, joinRequests } = this;
      this.emit("change", { groups, invitations, joinRequests });
    });
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
      transports,
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
        // This tab gives up. Another tab may take over, with a newer token.
        if (status.final) this.#leave();
      },
    });
  }

  /** The groups: pending ones first, then newest first. Returns the same array until the list changes. @returns {readonly ListedGroup[]} */
  get groups() {
    return this.#list.groups;
  }

  /** The user's invitations that have not expired, newest group first. Returns the same array until it changes. @returns {readonly ListedInvitation[]} */
  get invitations() {
    return this.#list.waiting.invitations;
  }

  /** The user's own requests to join, newest group first. Returns the same array until it changes. @returns {readonly JoinRequest[]} */
  get joinRequests() {
    return this.#list.waiting.joinRequests;
  }

  /** The group with this id, if it is in the list. @param {string} groupId @returns {ListedGroup | undefined} */
  group(groupId) {
    return this.#list.group(groupId);
  }

  /** The state of the connection. @returns {State} */
  get state() {
    return this.#status.state;
  }

  /** The state with its reason and the time of the next attempt. @returns {Readonly<Status>} */
  get status() {
    return this.#status;
  }

  /** Whether a list was ever received. Before that, `groups` is empty. */
  get loaded() {
    return this.#list.loaded;
  }

  /** Whether {@link connect} was ever called. */
  get begun() {
    return this.#era > 0;
  }

  /** The user whose groups these are; empty before the first connection. */
  get userId() {
    return this.#userId;
  }

  /** Whether this tab holds the connection. */
  get leading() {
    return this.#tabs ? this.#tabs.leading : this.#open;
  }

  /** Connects, and stays connected until {@link close}. A no-op if already connected or connecting. */
  connect() {
    if (this.#open) return;
    this.#open = true;
    this.#era += 1;
    this.#setStatus({ state: "connecting", reason: "" });
    this.#stopWaking = this.#env.onWake(() => this.#wake());
    this.#list.watch();
    if (this.#shares) void this.#joinTabs(this.#era);
    else this.#link.start();
  }

  /** Closes the connection. The list stays as it is, and a later {@link connect} resumes from there; with another user's token it starts over. */
  close() {
    this.#stop();
    this.#tokens.forget();
    this.#setStatus({ state: "offline", reason: "Closed", final: true });
  }

  /**
   * Creates a group. It is in the list immediately, as `pending`. The promise resolves to the group, or rejects and the pending row disappears.
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

  /** Tells the other members that this user is typing, or has stopped. Call it on every keystroke; messages are throttled. @param {string} groupId @param {boolean} typing */
  setTyping(groupId, typing) {
    if (!this.#typists.isNews(groupId, typing)) return;
    this.#send({ type: "typing", group_id: groupId, typing });
  }

  /** The users who are typing in a group. @param {string} groupId @returns {string[]} user ids */
  typists(groupId) {
    return this.#typists.of(groupId);
  }

  /** Reconnects now instead of waiting, unless the server has asked for a specific wait. */
  retry() {
    if (this.#open) this.#wake();
    else this.connect();
  }

  /** Drops the connection and reconnects after `ms` milliseconds. For testing. @param {number} [ms] */
  cut(ms = 0) {
    if (this.#tabs && !this.#tabs.leading) this.#tabs.ask({ kind: "cut", ms });
    else this.#link.cut(ms);
  }

  // ---- One connection for all tabs, or one for each ----

  /** @param {number} era */
  async #joinTabs(era) {
    let token;
    try {
      token = await this.#tokens.current();
    } catch {
      // The link retries with its own backoff.
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
    this.#list.rest();
    this.#stopWaking?.();
    this.#stopWaking = null;
  }

  #stop() {
    this.#era += 1;
    this.#leave();
    this.#link.stop();
    this.#typists.clear();
  }

  /** Whether the list belongs to another user. @param {string} userId */
  #isOther(userId) {
    return this.#list.loaded && userId !== "" && userId !== this.#userId;
  }

  /** The token belongs to another user: drop the old list and its cursor. @param {string} userId */
  #changeHands(userId) {
    this.#stop();
    this.#list.forget();
    this.#userId = userId;
    this.connect();
  }

  /** Takes over the status of the leader. If the leader gives up, another tab takes over, so the status is not final here. @param {Status} status */
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
    // Timers do not run while the computer sleeps.
    this.#list.watch();
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

  // ---- Frames from the server ----

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
      case "invited_to_group":
      case "invitation_ended":
      case "join_requested":
      case "join_request_ended":
        this.#event(frame);
        break;
      case "typing":
        if (this.#list.knows(frame.group_id)) this.#typists.take(frame);
        break;
      case "error":
        this.emit("error", frame);
        break;
      // Anything else is a pong, or belongs to a later version of the contract.
    }
  }

  /** @param {GroupEvent} event */
  #event(event) {
    const folded = this.#list.event(event);
    if (folded === "gap") {
      // A follower has missed a message of the leader; the leader itself has no gap.
      if (this.#tabs && !this.#tabs.leading) this.#tabs.resync();
      else this.#link.resync();
    }
    if (folded !== "applied") return;
    if (event.type === "removed_from_group" || event.type === "group_deleted") this.#typists.quiet(event.group_id);
    else if (event.type === "group_updated" && (event.action === "member_removed" || event.action === "member_left" || event.action === "banned")) {
      this.#typists.gone(event.group_id, event.user_id);
    }
    this.emit(/** @type {any} */ (event.type), event);
  }

  /** @param {Status} status */
  #setStatus(status) {
    const { state, reason, transport, retryInMs, final } = this.#status;
    const news = state !== status.state || reason !== status.reason || transport !== status.transport || final !== status.final;
    this.#status = status;
    // A new wait is a change even if it is as long as the previous one.
    if (news || retryInMs !== undefined || status.retryInMs !== undefined) this.emit("state", status);
  }
}
