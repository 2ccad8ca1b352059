/**
 * One method for each HTTP endpoint, with typed errors, an `Idempotency-Key` on every change, and retries where they are safe.
 *
 * @import { Added, Ban, BanPage, ChangePage, DirectoryPage, Group, GroupPage, GroupInvitation, GroupInvitationPage, GroupJoinRequestPage, InvitationPage, LinkPage, JoinPolicy, JoinRequestPage, LinkPreview, Me, Member, MemberPage, CreatedLink, NewMember, Requested, Role } from "../../types/wire.js"
 * @import { Env } from "./env.js"
 * @import { Tokens } from "./tokens.js"
 */

import { fullJitter, retryAfterMs } from "./backoff.js";
import { ApiError, NetworkError, SignedOutError } from "./errors.js";

/** The maximum number of attempts for one call, and the timeout of each, in milliseconds. */
export const TRIES_MAX = 3;
export const ANSWER_MS_MAX = 15_000;
/** The longest `Retry-After` that a call waits for, in milliseconds; beyond that the error goes to the caller. */
export const PATIENCE_MS_MAX = 5_000;
/** How long to wait, in milliseconds, before a new token that was refused is tried again: the clock of its issuer may be ahead. */
export const REFUSED_PAUSE_MS = 2_000;

/** Transient statuses: rate limits, overload, and gateways in front of a server that is being replaced. */
const PASSING = new Set([429, 502, 503, 504]);

/**
 * @typedef {object} CallOptions
 * @property {AbortSignal} [signal]
 * @property {string} [idempotencyKey] Default: a new key for each call.
 * @property {number} [ifVersion] Executes the change only if the group is at this version; fails with `version_mismatch` otherwise.
 */

/** @typedef {{ limit?: number, after?: string }} Page The maximum number of entries, and `next` of the previous page. */

/** @typedef {{ query?: Record<string, string | number | undefined>, body?: unknown, repeat?: boolean }} Request */

export class Api {
  #env;
  #tokens;
  #base;

  /** @param {{ env: Env, tokens: Tokens, base: string }} parts `base` ends with a slash; `v1/…` is below it */
  constructor({ env, tokens, base }) {
    this.#env = env;
    this.#tokens = tokens;
    this.#base = base;
  }

  /** The calling user. @param {CallOptions} [options] @returns {Promise<Me>} */
  me(options) {
    return this.request("GET", "v1/me", {}, options);
  }

  /** Creates a group; the caller becomes its owner. @param {{ name: string, description?: string, members?: NewMember[] }} group @param {CallOptions} [options] @returns {Promise<Group>} */
  createGroup(group, options) {
    return this.request("POST", "v1/groups", { body: group }, options);
  }

  /** One page of the caller's groups, newest first. @param {Page} [page] @param {CallOptions} [options] @returns {Promise<GroupPage>} */
  listGroups(page = {}, options) {
    return this.request("GET", "v1/groups", { query: page }, options);
  }

  /** @param {string} groupId @param {CallOptions} [options] @returns {Promise<Group>} */
  getGroup(groupId, options) {
    return this.request("GET", path(groupId), {}, options);
  }

  /** @param {string} groupId @param {{ name?: string, description?: string, join_policy?: JoinPolicy }} settings @param {CallOptions} [options] @returns {Promise<Group>} */
  updateGroup(groupId, settings, options) {
    return this.request("PATCH", path(groupId), { body: settings }, options);
  }

  /** Deletes the group for all members. @param {string} groupId @param {CallOptions} [options] @returns {Promise<void>} */
  deleteGroup(groupId, options) {
    return this.request("DELETE", path(groupId), {}, options);
  }

  /** One page of the members, in order of joining. @param {string} groupId @param {Page} [page] @param {CallOptions} [options] @returns {Promise<MemberPage>} */
  listMembers(groupId, page = {}, options) {
    return this.request("GET", path(groupId, "members"), { query: page }, options);
  }

  /** Every member, page by page. @param {string} groupId @param {CallOptions & { limit?: number }} [options] @returns {AsyncGenerator<Member>} */
  async *members(groupId, { limit = 500, ...options } = {}) {
    for (let after; ; ) {
      const page = await this.listMembers(groupId, { limit, after }, options);
      yield* page.members;
      if (page.next === null) return;
      after = page.next;
    }
  }

  /** Adds one user; fails with `already_member` if they are a member. @param {string} groupId @param {string} userId @param {Role} [role] @param {CallOptions} [options] @returns {Promise<Added>} */
  addMember(groupId, userId, role = "member", options) {
    return this.request("POST", path(groupId, "members"), { body: { user_id: userId, role } }, options);
  }

  /** Adds up to 1,000 users in one change; those who are already members are skipped. @param {string} groupId @param {NewMember[]} members @param {CallOptions} [options] @returns {Promise<Added>} */
  addMembers(groupId, members, options) {
    return this.request("POST", path(groupId, "members"), { body: { members } }, options);
  }

  /** Changes a role. `owner` transfers ownership and makes the previous owner an admin. @param {string} groupId @param {string} userId @param {Role} role @param {CallOptions} [options] @returns {Promise<Member>} */
  changeRole(groupId, userId, role, options) {
    return this.request("PATCH", path(groupId, "members", userId), { body: { role } }, options);
  }

  /** @param {string} groupId @param {string} userId @param {CallOptions} [options] @returns {Promise<void>} */
  removeMember(groupId, userId, options) {
    return this.request("DELETE", path(groupId, "members", userId), {}, options);
  }

  /** Leaves the group. The owner must name a successor. @param {string} groupId @param {{ successor?: string }} [how] @param {CallOptions} [options] @returns {Promise<void>} */
  leaveGroup(groupId, { successor } = {}, options) {
    return this.request("DELETE", path(groupId, "members", "me"), { query: { successor } }, options);
  }

  /** The history of the group, oldest first. Requires `admin`. @param {string} groupId @param {{ after?: number | string, limit?: number }} [page] @param {CallOptions} [options] @returns {Promise<ChangePage>} */
  changes(groupId, page = {}, options) {
    return this.request("GET", path(groupId, "changes"), { query: page }, options);
  }

  /** @param {string} groupId @param {boolean} typing @param {CallOptions} [options] @returns {Promise<void>} */
  typing(groupId, typing, options) {
    return this.request("POST", path(groupId, "typing"), { body: { typing }, repeat: false }, options);
  }

  // ---- Invitations ----

  /** One page of the people who are invited to the group, oldest first. Requires `admin`. @param {string} groupId @param {Page} [page] @param {CallOptions} [options] @returns {Promise<GroupInvitationPage>} */
  listInvitations(groupId, page = {}, options) {
    return this.request("GET", path(groupId, "invitations"), { query: page }, options);
  }

  /**
   * Invites a user. A second invitation leaves the first one unchanged. Somebody who has asked to join becomes a member instead.
   * @param {string} groupId
   * @param {string} userId
   * @param {{ role?: Role, expires_in_seconds?: number }} [how]
   * @param {CallOptions} [options]
   * @returns {Promise<GroupInvitation | { group: Group, member: Member }>}
   */
  invite(groupId, userId, how = {}, options) {
    return this.request("POST", path(groupId, "invitations"), { body: { user_id: userId, ...how } }, options);
  }

  /** @param {string} groupId @param {string} userId @param {CallOptions} [options] @returns {Promise<void>} */
  withdrawInvitation(groupId, userId, options) {
    return this.request("DELETE", path(groupId, "invitations", userId), {}, options);
  }

  /** One page of the caller's invitations, newest group first. `client.invitations` has all of them. @param {Page} [page] @param {CallOptions} [options] @returns {Promise<InvitationPage>} */
  listOwnInvitations(page = {}, options) {
    return this.request("GET", "v1/invitations", { query: page }, options);
  }

  /** Joins the group. @param {string} groupId @param {CallOptions} [options] @returns {Promise<Group>} */
  acceptInvitation(groupId, options) {
    return this.request("POST", path(groupId, "invitations", "me", "accept"), {}, options);
  }

  /** @param {string} groupId @param {CallOptions} [options] @returns {Promise<void>} */
  declineInvitation(groupId, options) {
    return this.request("DELETE", path(groupId, "invitations", "me"), {}, options);
  }

  // ---- Requests to join ----

  /** One page of the caller's requests to join, newest group first. `client.joinRequests` has all of them. @param {Page} [page] @param {CallOptions} [options] @returns {Promise<JoinRequestPage>} */
  listOwnJoinRequests(page = {}, options) {
    return this.request("GET", "v1/requests", { query: page }, options);
  }

  /** Joins an open group, or asks the admins of a group that takes requests. @param {string} groupId @param {{ message?: string }} [what] @param {CallOptions} [options] @returns {Promise<Group | Requested>} */
  join(groupId, what = {}, options) {
    return this.request("POST", path(groupId, "join"), { body: what }, options);
  }

  /** @param {string} groupId @param {CallOptions} [options] @returns {Promise<void>} */
  withdrawJoinRequest(groupId, options) {
    return this.request("DELETE", path(groupId, "join"), {}, options);
  }

  /** One page of the people who have asked to join, oldest first. Requires `admin`. @param {string} groupId @param {Page} [page] @param {CallOptions} [options] @returns {Promise<GroupJoinRequestPage>} */
  listJoinRequests(groupId, page = {}, options) {
    return this.request("GET", path(groupId, "requests"), { query: page }, options);
  }

  /** @param {string} groupId @param {string} userId @param {{ role?: Role }} [how] @param {CallOptions} [options] @returns {Promise<Member>} */
  approveJoinRequest(groupId, userId, how = {}, options) {
    return this.request("POST", path(groupId, "requests", userId, "approve"), { body: how }, options);
  }

  /** @param {string} groupId @param {string} userId @param {CallOptions} [options] @returns {Promise<void>} */
  declineJoinRequest(groupId, userId, options) {
    return this.request("DELETE", path(groupId, "requests", userId), {}, options);
  }

  // ---- Bans ----

  /** One page of the bans. Requires `admin`. @param {string} groupId @param {Page} [page] @param {CallOptions} [options] @returns {Promise<BanPage>} */
  listBans(groupId, page = {}, options) {
    return this.request("GET", path(groupId, "bans"), { query: page }, options);
  }

  /** Bans a user. A member is removed; an invitation or a request to join ends. An existing ban stays unchanged. @param {string} groupId @param {string} userId @param {{ reason?: string }} [why] @param {CallOptions} [options] @returns {Promise<Ban>} */
  ban(groupId, userId, why = {}, options) {
    return this.request("PUT", path(groupId, "bans", userId), { body: why }, options);
  }

  /** @param {string} groupId @param {string} userId @param {CallOptions} [options] @returns {Promise<void>} */
  unban(groupId, userId, options) {
    return this.request("DELETE", path(groupId, "bans", userId), {}, options);
  }

  // ---- Links and the directory ----

  /** One page of the group's links, oldest first, including expired ones and those that are used up. Requires `admin`. @param {string} groupId @param {Page} [page] @param {CallOptions} [options] @returns {Promise<LinkPage>} */
  listLinks(groupId, page = {}, options) {
    return this.request("GET", path(groupId, "links"), { query: page }, options);
  }

  /**
   * Creates a link with which people join. Only this answer contains its token.
   * @param {string} groupId
   * @param {{ role?: Role, expires_in_seconds?: number, uses_max?: number, approval?: boolean }} [how] `approval`: people who use it ask to join.
   * @param {CallOptions} [options]
   * @returns {Promise<CreatedLink>}
   */
  createLink(groupId, how = {}, options) {
    return this.request("POST", path(groupId, "links"), { body: how }, options);
  }

  /** @param {string} groupId @param {string} linkId @param {CallOptions} [options] @returns {Promise<void>} */
  revokeLink(groupId, linkId, options) {
    return this.request("DELETE", path(groupId, "links", linkId), {}, options);
  }

  /** Revokes all links of the group. @param {string} groupId @param {CallOptions} [options] @returns {Promise<void>} */
  revokeLinks(groupId, options) {
    return this.request("DELETE", path(groupId, "links"), {}, options);
  }

  /** The group that a link leads to. @param {string} token @param {CallOptions} [options] @returns {Promise<LinkPreview>} */
  linkPreview(token, options) {
    return this.request("GET", `v1/join/${encodeURIComponent(token)}`, {}, options);
  }

  /** Joins with a link, or asks to join if the link requires approval. @param {string} token @param {{ message?: string }} [what] @param {CallOptions} [options] @returns {Promise<Group | Requested>} */
  useLink(token, what = {}, options) {
    return this.request("POST", `v1/join/${encodeURIComponent(token)}`, { body: what }, options);
  }

  /** One page of the groups that outsiders can see, ordered by name. Fails with `not_found` if the server has no directory. @param {Page & { query?: string }} [page] @param {CallOptions} [options] @returns {Promise<DirectoryPage>} */
  searchDirectory(page = {}, options) {
    return this.request("GET", "v1/directory", { query: page }, options);
  }

  /**
   * Sends a request to a path that may have no method here, with retries. All attempts share one idempotency key, so a change whose answer is lost is executed once.
   * @param {string} method
   * @param {string} where
   * @param {Request} [request]
   * @param {CallOptions} [options]
   * @returns {Promise<any>}
   */
  async request(method, where, { query = {}, body, repeat = true } = {}, { signal, idempotencyKey, ifVersion } = {}) {
    const url = new URL(where, this.#base);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    /** @type {Record<string, string>} */
    const headers = { Accept: "application/json" };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (method !== "GET" && repeat) headers["Idempotency-Key"] = idempotencyKey ?? this.#env.newId();
    if (ifVersion !== undefined) headers["If-Match"] = `"${ifVersion}"`;
    const init = { method, headers, body: body === undefined ? undefined : JSON.stringify(body) };

    let token = await this.#token(this.#tokens.current(), signal);
    let refused = 0;
    for (let tried = 1; ; tried += 1) {
      signal?.throwIfAborted();
      headers.Authorization = `Bearer ${token}`;
      const last = tried >= TRIES_MAX || !repeat;
      let response;
      let answer;
      try {
        ({ response, answer } = await this.#send(url, init, signal));
      } catch (error) {
        signal?.throwIfAborted();
        if (last) throw new NetworkError(error, headers["Idempotency-Key"]);
        await this.#sleep(fullJitter(tried, this.#env.random), signal);
        continue;
      }
      if (response.ok) return answer;
      const error = problem(response, answer, this.#env.wallNow());
      if (error.status === 401) {
        refused += 1;
        if (refused > 2) throw new SignedOutError(error);
        if (refused === 1) token = await this.#token(this.#tokens.renewed(token), signal);
        else await this.#sleep(REFUSED_PAUSE_MS, signal);
        continue;
      }
      const waitMs = error.retryAfterMs ?? 1_000;
      if (!PASSING.has(error.status) || last || waitMs > PATIENCE_MS_MAX) throw error;
      await this.#sleep(waitMs + fullJitter(0, this.#env.random), signal);
    }
  }

  /** Waits for the token; an abort ends the wait immediately. @param {Promise<string | null>} asked @param {AbortSignal} [signal] @returns {Promise<string>} */
  async #token(asked, signal) {
    const token = await new Promise((resolve, reject) => {
      const giveUp = () => reject(signal?.reason);
      if (signal?.aborted) giveUp();
      signal?.addEventListener("abort", giveUp, { once: true });
      asked.then(resolve, reject).finally(() => signal?.removeEventListener("abort", giveUp));
    });
    if (!token) throw new SignedOutError();
    return token;
  }

  /** Sends once and reads the whole answer. Times out after {@link ANSWER_MS_MAX}. @param {URL} url @param {RequestInit} init @param {AbortSignal} [signal] */
  async #send(url, init, signal) {
    const abort = new AbortController();
    const timer = this.#env.setTimeout(() => abort.abort(new Error("the request timed out")), ANSWER_MS_MAX);
    const giveUp = () => abort.abort(signal?.reason);
    signal?.addEventListener("abort", giveUp, { once: true });
    try {
      const response = await this.#env.fetch(url, { ...init, signal: abort.signal });
      return { response, answer: read(await response.text(), response.ok) };
    } finally {
      this.#env.clearTimeout(timer);
      signal?.removeEventListener("abort", giveUp);
    }
  }

  /** @param {number} ms @param {AbortSignal} [signal] @returns {Promise<void>} */
  #sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      const timer = this.#env.setTimeout(done, ms);
      const env = this.#env;
      function done() {
        env.clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        signal?.aborted ? reject(signal.reason) : resolve();
      }
      signal?.addEventListener("abort", done, { once: true });
    });
  }
}

/** The path of a group, or of something in it. @param {string[]} parts */
const path = (...parts) => ["v1/groups", ...parts.map(encodeURIComponent)].join("/");

/** @param {string} text @param {boolean} ok @returns {any} */
function read(text, ok) {
  if (!text) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    // A page from a proxy. With an error status, the status is enough. With success, it is not our answer: probably a captive portal.
    if (ok) throw error;
    return undefined;
  }
}

/** Converts an error response, which may come from a proxy and have no problem document. @param {Response} response @param {any} said @param {number} nowMs */
function problem(response, said, nowMs) {
  const body = said ?? {};
  return new ApiError({
    status: response.status,
    code: typeof body.code === "string" ? body.code : `http_${response.status}`,
    title: body.title,
    detail: body.detail,
    retryAfterMs: retryAfterMs(response.headers.get("Retry-After"), nowMs),
    requestId: body.request_id,
  });
}
