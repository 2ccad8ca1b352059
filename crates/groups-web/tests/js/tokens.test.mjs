// Tokens: a `getToken` that hangs, returns too late, or returns a token of another user.
import assert from "node:assert/strict";
import { test } from "node:test";

import { GroupsClient } from "../../assets/groups-client.js";
import { ADA, BOB, events, fakeEnv, group, ready, settled, snapshot, tokenOf, welcome } from "./fakes.mjs";

/** A promise that the test settles. */
function question() {
  const { promise, resolve } = Promise.withResolvers?.() ?? withResolvers();
  return { promise, resolve };
}

function withResolvers() {
  let resolve;
  const promise = new Promise((settle) => (resolve = settle));
  return { promise, resolve };
}

function start(getToken, handler) {
  const world = fakeEnv({ handler });
  const client = new GroupsClient({ url: "https://groups.example/", getToken, tabs: false, env: world.env });
  return { ...world, client, socket: () => world.sockets.at(-1) };
}

test("a getToken that hangs times out and is called again", async () => {
  let asked = 0;
  const { client, clock, sockets } = start(() => ((asked += 1) === 1 ? new Promise(() => {}) : tokenOf(ADA)));
  client.connect();
  await clock.pass(29_000);
  assert.deepEqual([asked, client.state], [1, "connecting"]);
  await clock.pass(2_000);
  assert.deepEqual([asked, sockets.length], [2, 1]);
});

test("a token that is too late for one attempt is used by the next, without another call", async () => {
  const late = question();
  let asked = 0;
  const { client, clock, sockets } = start(() => ((asked += 1), late.promise));
  client.connect();
  await clock.pass(30_000);
  assert.deepEqual([asked, sockets.length, client.state], [1, 0, "reconnecting"]);
  late.resolve(tokenOf(ADA));
  await clock.pass(1_000);
  assert.deepEqual([asked, sockets.length], [1, 1]);
});

test("an aborted call does not wait for a token", async () => {
  const { client, calls } = start(() => new Promise(() => {}));
  const abort = new AbortController();
  const call = client.api.me({ signal: abort.signal });
  abort.abort(new Error("enough"));
  await assert.rejects(call, /enough/);
  assert.equal(calls.length, 0);
});

test("a token that arrives after close is not used by the next connection", async () => {
  const late = question();
  let asked = 0;
  const { client, sockets } = start(() => ((asked += 1) === 1 ? late.promise : tokenOf(ADA, 2)));
  client.connect();
  await settled();
  client.close();
  late.resolve(tokenOf(ADA, 1));
  client.connect();
  await settled();
  assert.deepEqual(sockets.map(({ protocols }) => protocols[1]), [`bearer.${tokenOf(ADA, 2)}`]);
});

test("with a token of another user a new list begins, without the old cursor", async () => {
  let person = ADA;
  const { client, sockets, socket } = start(() => tokenOf(person));
  client.connect();
  await settled();
  socket().say(welcome(), snapshot([group(1)]), ready());
  client.close();
  person = BOB;
  client.connect();
  await settled();
  // The server accepts the cursor as Bob's own.
  socket().say(welcome(true, BOB), ready("c-9"));
  await settled();
  assert.deepEqual([client.groups, client.loaded, client.userId], [[], false, BOB]);
  assert.deepEqual([sockets.length, socket().url.searchParams.get("cursor")], [3, null]);
  socket().say(welcome(false, BOB), snapshot([group(2)]), ready());
  assert.deepEqual(client.groups.map(({ name }) => name), ["Group 2"]);
  socket().say(events.updated(2, 2, { name: "His" }));
  assert.deepEqual([client.groups[0].name, client.state], ["His", "live"]);
});
