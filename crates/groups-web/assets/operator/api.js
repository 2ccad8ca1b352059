/**
 * The paths below `/v1/admin` that the operator view uses.
 *
 * @import { Api } from "../client/http.js"
 * @import { BanPage, ChangePage, FoundGroupPage, Group, GroupInvitationPage, GroupJoinRequestPage, Job, JobCreated, LinkPage, JoinPolicy, Member, MemberPage, Role, Stats, Subject, DeliveryPage, TestResult, Users, Webhook, WebhookPage, WebhookWithSecret } from "../../types/wire.js"
 */

/** Rows per page of a list. */
export const PAGE_ROWS = 50;

export class OperatorApi {
  #api;

  /** @param {Api} api */
  constructor(api) {
    this.#api = api;
  }

  /** @returns {Promise<Stats>} */
  stats() {
    return this.#api.request("GET", "v1/admin/stats");
  }

  /** Groups by the beginning of their name, or the groups of a user. @param {{ query?: string, user_id?: string, after?: string }} query @returns {Promise<FoundGroupPage>} */
  groups(query) {
    return this.#api.request("GET", "v1/admin/groups", { query: { ...query, limit: PAGE_ROWS } });
  }

  /** @param {string} query @returns {Promise<Users>} */
  people(query) {
    return this.#api.request("GET", "v1/admin/users", { query: { query, limit: PAGE_ROWS } });
  }

  /** @param {string} subject @returns {Promise<Subject>} */
  subject(subject) {
    return this.#api.request("GET", "v1/admin/users", { query: { subject } });
  }

  /** @param {string} groupId @returns {Promise<Group>} */
  group(groupId) {
    return this.#api.request("GET", path(groupId));
  }

  /** @param {string} groupId @param {string} [after] @returns {Promise<MemberPage>} */
  members(groupId, after) {
    return this.#api.request("GET", `${path(groupId)}/members`, { query: { after, limit: PAGE_ROWS } });
  }

  /** @param {string} groupId @param {string} [after] @returns {Promise<ChangePage>} */
  history(groupId, after) {
    return this.#api.request("GET", `${path(groupId)}/changes`, { query: { after, limit: PAGE_ROWS } });
  }

  /** @param {string} groupId @param {{ name: string, description: string, join_policy?: JoinPolicy }} settings @returns {Promise<Group>} */
  update(groupId, settings) {
    return this.#api.request("PATCH", path(groupId), { body: settings });
  }

  /** @param {string} groupId @returns {Promise<void>} */
  delete(groupId) {
    return this.#api.request("DELETE", path(groupId));
  }

  /** @param {string} groupId @param {string} userId @param {Role} role @returns {Promise<unknown>} */
  add(groupId, userId, role) {
    return this.#api.request("POST", `${path(groupId)}/members`, { body: { user_id: userId, role } });
  }

  /** `owner` transfers ownership. @param {string} groupId @param {string} userId @param {Role} role @returns {Promise<Member>} */
  changeRole(groupId, userId, role) {
    return this.#api.request("PATCH", `${path(groupId)}/members/${encodeURIComponent(userId)}`, { body: { role } });
  }

  /** @param {string} groupId @param {string} userId @returns {Promise<void>} */
  remove(groupId, userId) {
    return this.#api.request("DELETE", `${path(groupId)}/members/${encodeURIComponent(userId)}`);
  }

  // ---- Ways into a group ----

  /** @param {string} groupId @param {string} [after] @returns {Promise<GroupInvitationPage>} */
  invitations(groupId, after) {
    return this.#api.request("GET", `${path(groupId)}/invitations`, { query: { after, limit: PAGE_ROWS } });
  }

  /** @param {string} groupId @param {string} userId @returns {Promise<void>} */
  withdrawInvitation(groupId, userId) {
    return this.#api.request("DELETE", `${path(groupId)}/invitations/${encodeURIComponent(userId)}`);
  }

  /** @param {string} groupId @param {string} [after] @returns {Promise<GroupJoinRequestPage>} */
  joinRequests(groupId, after) {
    return this.#api.request("GET", `${path(groupId)}/requests`, { query: { after, limit: PAGE_ROWS } });
  }

  /** @param {string} groupId @param {string} userId @returns {Promise<Member>} */
  approveJoinRequest(groupId, userId) {
    return this.#api.request("POST", `${path(groupId)}/requests/${encodeURIComponent(userId)}/approve`, { body: {} });
  }

  /** @param {string} groupId @param {string} userId @returns {Promise<void>} */
  declineJoinRequest(groupId, userId) {
    return this.#api.request("DELETE", `${path(groupId)}/requests/${encodeURIComponent(userId)}`);
  }

  /** @param {string} groupId @param {string} [after] @returns {Promise<BanPage>} */
  bans(groupId, after) {
    return this.#api.request("GET", `${path(groupId)}/bans`, { query: { after, limit: PAGE_ROWS } });
  }

  /** @param {string} groupId @param {string} userId @returns {Promise<void>} */
  unban(groupId, userId) {
    return this.#api.request("DELETE", `${path(groupId)}/bans/${encodeURIComponent(userId)}`);
  }

  /** @param {string} groupId @param {string} [after] @returns {Promise<LinkPage>} */
  links(groupId, after) {
    return this.#api.request("GET", `${path(groupId)}/links`, { query: { after, limit: PAGE_ROWS } });
  }

  /** @param {string} groupId @returns {Promise<void>} */
  revokeLinks(groupId) {
    return this.#api.request("DELETE", `${path(groupId)}/links`);
  }

  // ---- People ----

  /** @param {string} userId @returns {Promise<void>} */
  disconnect(userId) {
    return this.#api.request("POST", `v1/admin/users/${encodeURIComponent(userId)}/disconnect`, { body: {} });
  }

  /** Starts a job that takes the user out of every group, or also erases the user. @param {string} userId @param {"leave" | "erase"} mode @returns {Promise<JobCreated>} */
  removeUser(userId, mode) {
    return this.#api.request("DELETE", `v1/admin/users/${encodeURIComponent(userId)}`, { query: { mode } });
  }

  /** @param {string} jobId @returns {Promise<Job>} */
  job(jobId) {
    return this.#api.request("GET", `v1/admin/jobs/${encodeURIComponent(jobId)}`);
  }

  // ---- Webhooks ----

  /** @param {string} [after] @returns {Promise<WebhookPage>} */
  webhooks(after) {
    return this.#api.request("GET", "v1/admin/webhooks", { query: { after, limit: PAGE_ROWS } });
  }

  /** @param {{ url: string, types?: string[], description: string }} webhook @returns {Promise<WebhookWithSecret>} */
  createWebhook(webhook) {
    return this.#api.request("POST", "v1/admin/webhooks", { body: webhook });
  }

  /** @param {string} id @returns {Promise<Webhook>} */
  webhook(id) {
    return this.#api.request("GET", hook(id));
  }

  /** @param {string} id @param {{ url?: string, types?: string[] | null, description?: string, state?: "active" | "paused", rotate_secret?: true }} settings @returns {Promise<WebhookWithSecret>} */
  changeWebhook(id, settings) {
    return this.#api.request("PATCH", hook(id), { body: settings });
  }

  /** @param {string} id @returns {Promise<void>} */
  deleteWebhook(id) {
    return this.#api.request("DELETE", hook(id));
  }

  /** Sends a message to the receiver now. @param {string} id @returns {Promise<TestResult>} */
  testWebhook(id) {
    return this.#api.request("POST", `${hook(id)}/test`, { body: {} });
  }

  /** @param {string} id @param {string} [after] @returns {Promise<DeliveryPage>} */
  deliveries(id, after) {
    return this.#api.request("GET", `${hook(id)}/deliveries`, { query: { after, limit: PAGE_ROWS } });
  }

  /** @param {string} id @param {string} after @returns {Promise<Webhook>} */
  replayWebhook(id, after) {
    return this.#api.request("POST", `${hook(id)}/replay`, { body: { after } });
  }
}

/** @param {string} groupId */
const path = (groupId) => `v1/admin/groups/${encodeURIComponent(groupId)}`;

/** @param {string} webhookId */
const hook = (webhookId) => `v1/admin/webhooks/${encodeURIComponent(webhookId)}`;
