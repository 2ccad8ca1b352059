// HTTP calls: what is sent, what is retried, and how errors are reported.
import assert from "node:assert/strict";
import { test } from "node:test";

import { ApiError, GroupsClient, NetworkError, SignedOutError } from "../../assets/groups-client.js";
import { REFUSED_PAUSE_MS } from "../../assets/client/http.js";
import { ADA, BOB, fakeEnv, group, groupId, settled, tokenOf } from "./fakes.mjs";

function start(handler, getToken) {
  const world = fakeEnv({ handler });
  let asked = 0;
  const client = new GroupsClient({
    url: "https://groups.example/base/",
    getToken: getToken ?? (() => tokenOf(ADA, (asked += 1))),
    tabs: false,
    env: world.env,
  });
  return { ...world, client, api: client.api, asked: () => asked };
}

/** Answers each request with the result of `answer`, unchanged. */
function raw(answer) {
  const world = fakeEnv();
  world.tries = 0;
  world.env.fetch = async (_, { signal }) => ((world.tries += 1), answer(signal));
  const client = new GroupsClient({ url: "https://groups.example/", getToken: () => tokenOf(ADA), tabs: false, env: world.env });
  return { world, api: client.api };
}

const problem = (status, code, headers) => ({ status, headers, body: { type: "about:blank", title: "Refused", status, code, detail: `because ${code}` } });
const id = groupId(1);

test("every endpoint of the contract is one method", async () => {
  const { api, calls } = start((call) => (call.method === "DELETE" ? { status: 204 } : { body: { members: [], next: null, results: [] } }));
  await api.me();
  await api.createGroup({ name: "Tea", description: "Green", members: [{ user_id: BOB, role: "admin" }] });
  await api.listGroups({ limit: 5, after: "x y" });
  await api.getGroup(id);
  await api.updateGroup(id, { name: "Coffee" }, { ifVersion: 7 });
  await api.deleteGroup(id);
  await api.listMembers(id, { limit: 2 });
  await api.addMember(id, BOB);
  await api.addMembers(id, [{ user_id: BOB }]);
  await api.changeRole(id, BOB, "owner");
  await api.removeMember(id, BOB);
  await api.leaveGroup(id);
  await api.leaveGroup(id, { successor: BOB });
  await api.changes(id, { after: 3 });
  await api.typing(id, true);
  const seen = calls.map(({ method, url, body }) => [method, url.pathname.replace("/base/v1", "") + url.search, body]);
  const at = `/groups/${id}`;
  assert.deepEqual(seen, [
    ["GET", "/me", undefined],
    ["POST", "/groups", { name: "Tea", description: "Green", members: [{ user_id: BOB, role: "admin" }] }],
    ["GET", "/groups?limit=5&after=x+y", undefined],
    ["GET", at, undefined],
    ["PATCH", at, { name: "Coffee" }],
    ["DELETE", at, undefined],
    ["GET", `${at}/members?limit=2`, undefined],
    ["POST", `${at}/members`, { user_id: BOB, role: "member" }],
    ["POST", `${at}/members`, { members: [{ user_id: BOB }] }],
    ["PATCH", `${at}/members/${BOB}`, { role: "owner" }],
    ["DELETE", `${at}/members/${BOB}`, undefined],
    ["DELETE", `${at}/members/me`, undefined],
    ["DELETE", `${at}/members/me?successor=${BOB}`, undefined],
    ["GET", `${at}/changes?after=3`, undefined],
    ["POST", `${at}/typing`, { typing: true }],
  ]);
  assert.equal(calls[4].headers["If-Match"], '"7"');
  assert.ok(calls.every(({ headers }) => headers.Authorization === `Bearer ${tokenOf(ADA, 1)}`));
});

test("every way into a group and out of it is one method", async () => {
  const { api, calls } = start((call) => (call.method === "DELETE" ? { status: 204 } : { body: {} }));
  await api.updateGroup(id, { join_policy: "request" });
  await api.invite(id, BOB);
  await api.invite(id, BOB, { role: "admin", expires_in_seconds: 60 });
  await api.listInvitations(id, { limit: 2, after: "x" });
  await api.withdrawInvitation(id, BOB);
  await api.listOwnInvitations({ limit: 3 });
  await api.acceptInvitation(id);
  await api.declineInvitation(id);
  await api.join(id);
  await api.join(id, { message: "Please" });
  await api.listOwnJoinRequests();
  await api.withdrawJoinRequest(id);
  await api.listJoinRequests(id);
  await api.approveJoinRequest(id, BOB);
  await api.approveJoinRequest(id, BOB, { role: "admin" });
  await api.declineJoinRequest(id, BOB);
  await api.listBans(id);
  await api.ban(id, BOB);
  await api.ban(id, BOB, { reason: "Spam" });
  await api.unban(id, BOB);
  await api.listLinks(id, { limit: 1 });
  await api.createLink(id);
  await api.createLink(id, { role: "member", expires_in_seconds: 60, uses_max: 5, approval: true });
  await api.revokeLink(id, "a link");
  await api.revokeLinks(id);
  await api.linkPreview("to/ken");
  await api.useLink("to/ken");
  await api.useLink("to/ken", { message: "Please" });
  await api.searchDirectory({ query: "te a", limit: 4, after: "y" });
  const seen = calls.map(({ method, url, body }) => [method, url.pathname.replace("/base/v1", "") + url.search, body]);
  const at = `/groups/${id}`;
  assert.deepEqual(seen, [
    ["PATCH", at, { join_policy: "request" }],
    ["POST", `${at}/invitations`, { user_id: BOB }],
    ["POST", `${at}/invitations`, { user_id: BOB, role: "admin", expires_in_seconds: 60 }],
    ["GET", `${at}/invitations?limit=2&after=x`, undefined],
    ["DELETE", `${at}/invitations/${BOB}`, undefined],
    ["GET", "/invitations?limit=3", undefined],
    ["POST", `${at}/invitations/me/accept`, undefined],
    ["DELETE", `${at}/invitations/me`, undefined],
    ["POST", `${at}/join`, {}],
    ["POST", `${at}/join`, { message: "Please" }],
    ["GET", "/requests", undefined],
    ["DELETE", `${at}/join`, undefined],
    ["GET", `${at}/requests`, undefined],
    ["POST", `${at}/requests/${BOB}/approve`, {}],
    ["POST", `${at}/requests/${BOB}/approve`, { role: "admin" }],
    ["DELETE", `${at}/requests/${BOB}`, undefined],
    ["GET", `${at}/bans`, undefined],
    ["PUT", `${at}/bans/${BOB}`, {}],
    ["PUT", `${at}/bans/${BOB}`, { reason: "Spam" }],
    ["DELETE", `${at}/bans/${BOB}`, undefined],
    ["GET", `${at}/links?limit=1`, undefined],
    ["POST", `${at}/links`, {}],
    ["POST", `${at}/links`, { role: "member", expires_in_seconds: 60, uses_max: 5, approval: true }],
    ["DELETE", `${at}/links/a%20link`, undefined],
    ["DELETE", `${at}/links`, undefined],
    ["GET", "/join/to%2Fken", undefined],
    ["POST", "/join/to%2Fken", {}],
    ["POST", "/join/to%2Fken", { message: "Please" }],
    ["GET", "/directory?query=te+a&limit=4&after=y", undefined],
  ]);
  assert.ok(calls.every(({ method, headers }) => (method === "GET") === (headers["Idempotency-Key"] === undefined)));
});

test("each change has its own idempotency key, a read has none", async () => {
  const { api, calls } = start(() => ({ body: {} }));
  await api.getGroup(id);
  await api.updateGroup(id, { name: "A" });
  await api.updateGroup(id, { name: "A" });
  await api.updateGroup(id, { name: "A" }, { idempotencyKey: "mine" });
  const keys = calls.map(({ headers }) => headers["Idempotency-Key"]);
  assert.equal(keys[0], undefined);
  assert.ok(keys[1] && keys[2] && keys[1] !== keys[2]);
  assert.equal(keys[3], "mine");
});

test("a refusal is an ApiError with a stable code", async () => {
  const { api } = start(() => problem(409, "already_member"));
  await assert.rejects(api.addMember(id, BOB), (error) => {
    assert.ok(error instanceof ApiError);
    assert.deepEqual([error.code, error.status, error.title, error.message], ["already_member", 409, "Refused", "because already_member"]);
    return true;
  });
});

test("an error without a problem document still has a code", async () => {
  const { env, client } = start(() => ({}));
  env.fetch = async () => new Response("<html>Not here</html>", { status: 405 });
  const other = new GroupsClient({ url: "https://groups.example/", getToken: () => tokenOf(ADA), tabs: false, env });
  await assert.rejects(other.api.me(), { code: "http_405", status: 405 });
  assert.equal(client.state, "offline");
});

test("a refused token is replaced once, and the call is retried with the same key", async () => {
  const { api, calls, asked } = start((call) => (call.headers.Authorization === `Bearer ${tokenOf(ADA, 2)}` ? { body: group(1) } : problem(401, "unauthenticated")));
  assert.equal((await api.updateGroup(id, { name: "A" })).group_id, id);
  assert.equal(asked(), 2);
  assert.equal(calls[0].headers["Idempotency-Key"], calls[1].headers["Idempotency-Key"]);
});

test("several calls with the same refused token share one renewal", async () => {
  const { api, asked } = start((call) => (call.headers.Authorization === `Bearer ${tokenOf(ADA, 2)}` ? { body: {} } : problem(401, "unauthenticated")));
  await Promise.all([api.me(), api.getGroup(id), api.me()]);
  assert.equal(asked(), 2);
});

test("a refused new token, or no token, is a SignedOutError", async () => {
  const { api, calls, clock, asked } = start(() => problem(401, "unauthenticated"));
  const refused = assert.rejects(api.me(), (error) => error instanceof SignedOutError && error.cause instanceof ApiError && error.cause.status === 401);
  await clock.pass(REFUSED_PAUSE_MS);
  await refused;
  assert.deepEqual([calls.length, asked()], [3, 2]);
  await assert.rejects(start(() => ({}), () => null).api.me(), { code: "signed_out" });
});

test("a new token that is refused is tried once more after a pause", async () => {
  const { api, calls, clock, asked } = start((_, count) => (count < 3 ? problem(401, "unauthenticated") : { body: { ok: true } }));
  const asking = api.me();
  await clock.pass(REFUSED_PAUSE_MS - 1);
  assert.equal(calls.length, 2);
  await clock.pass(1);
  assert.deepEqual([await asking, calls.length, asked()], [{ ok: true }, 3, 2]);
});

test("a busy server or gateway is retried after Retry-After", async () => {
  for (const status of [429, 502, 503, 504]) {
    const { api, clock, calls } = start((_, count) => (count === 1 ? problem(status, "rate_limited", { "Retry-After": "2" }) : { body: { ok: true } }));
    const asking = api.me();
    await clock.pass(1_900);
    assert.equal(calls.length, 1);
    await clock.pass(1_000);
    assert.equal(calls.length, 2);
    await asking;
  }
});

test("a long Retry-After is left to the caller", async () => {
  const { api, calls } = start(() => problem(503, "unavailable", { "Retry-After": "60" }));
  await assert.rejects(api.me(), { code: "unavailable", retryAfterMs: 60_000 });
  assert.equal(calls.length, 1);
});

test("a lost answer is retried a few times, then it is a NetworkError", async () => {
  const { api, clock, calls } = start(() => new TypeError("failed to fetch"));
  const refused = api.deleteGroup(id).then(assert.fail, (error) => error);
  await clock.pass(10_000);
  const error = await refused;
  assert.ok(error instanceof NetworkError);
  assert.equal(error.idempotencyKey, calls[0].headers["Idempotency-Key"]);
  assert.equal(calls.length, 3);
  assert.equal(new Set(calls.map(({ headers }) => headers["Idempotency-Key"])).size, 1);
});

test("typing is not retried", async () => {
  const { api, calls } = start(() => new TypeError("failed to fetch"));
  await assert.rejects(api.typing(id, true), NetworkError);
  assert.equal(calls.length, 1);
});

test("a request without an answer times out", async () => {
  const { env, clock } = start(() => ({}));
  env.fetch = (_, { signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const client = new GroupsClient({ url: "https://groups.example/", getToken: () => tokenOf(ADA), tabs: false, env });
  const refused = assert.rejects(client.api.typing(id, true), NetworkError);
  await clock.pass(15_000);
  await refused;
  assert.equal(clock.pending, 0);
});

test("a call can be aborted, also while it waits", async () => {
  const { api, clock, calls } = start(() => problem(503, "unavailable", { "Retry-After": "3" }));
  const abort = new AbortController();
  const refused = assert.rejects(api.me({ signal: abort.signal }), { name: "AbortError" });
  await settled();
  abort.abort();
  await refused;
  await clock.pass(10_000);
  assert.equal(calls.length, 1);
});

test("all members are read page by page", async () => {
  const pages = { "": [["a", "b"], "2"], 2: [["c"], null] };
  const { api } = start(({ url }) => {
    const [ids, next] = pages[url.searchParams.get("after") ?? ""];
    return { body: { members: ids.map((user_id) => ({ user_id })), next, version: 1 } };
  });
  const seen = [];
  for await (const { user_id } of api.members(id)) seen.push(user_id);
  assert.deepEqual(seen, ["a", "b", "c"]);
});

test("an incomplete answer, or one that is not JSON, counts as lost", async () => {
  const broken = () => new Response(new ReadableStream({ pull: (body) => body.error(new TypeError("cut")) }), { status: 200 });
  const portal = () => new Response("<h1>Welcome to the hotel</h1>", { status: 200 });
  for (const page of [broken, portal]) {
    const { world, api } = raw(page);
    const call = api.updateGroup(id, { name: "Tea" });
    const refused = assert.rejects(call, (error) => error instanceof NetworkError && error.idempotencyKey === "id-1");
    await world.clock.pass(10_000);
    await refused;
    assert.equal(world.tries, 3);
  }
});

test("an answer that never ends times out", async () => {
  const { world, api } = raw((signal) => new Response(new ReadableStream({ start: (body) => signal.addEventListener("abort", () => body.error(signal.reason)) })));
  const refused = assert.rejects(api.getGroup(id), NetworkError);
  await world.clock.pass(60_000);
  await refused;
});
