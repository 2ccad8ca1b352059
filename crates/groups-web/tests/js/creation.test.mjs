// A pending group: in the list immediately, and never twice, whether the answer or the event comes first.
import assert from "node:assert/strict";
import { test } from "node:test";

import { GroupsClient } from "../../assets/groups-client.js";
import { ADA, BOB, events, fakeEnv, group, groupId, ready, settled, snapshot, tokenOf, welcome } from "./fakes.mjs";

/** A live client whose create requests wait for `answer`. */
async function start() {
  const waiting = [];
  const world = fakeEnv({
    handler: (call) => (call.method === "POST" ? new Promise((resolve) => waiting.push({ call, resolve })) : { status: 404 }),
  });
  const client = new GroupsClient({ url: "https://groups.example/", getToken: () => tokenOf(ADA), tabs: false, env: world.env });
  client.connect();
  await settled();
  const socket = () => world.sockets.at(-1);
  socket().say(welcome(), snapshot([]), ready());
  const lists = [];
  client.on("change", ({ groups }) => lists.push(groups.map(({ name, pending }) => (pending ? `(${name})` : name)).join(" ")));
  const answer = async (index, answer) => {
    waiting[index].resolve(answer);
    await settled();
  };
  return { ...world, client, socket, lists, answer, waiting };
}

const created = (number, options) => ({ status: 201, body: group(number, options) });

test("a pending group appears immediately, with its expected member count", async () => {
  const { client } = await start();
  void client.createGroup({ name: "  Tea ", members: [{ user_id: BOB }, { user_id: BOB }, { user_id: ADA }] });
  const [row] = client.groups;
  assert.deepEqual([row.name, row.pending, row.member_count, row.role], ["Tea", true, 2, "owner"]);
});

test("the answer comes first, then the event", async () => {
  const { client, socket, lists, answer } = await start();
  const heard = [];
  client.on("group_created", ({ name }) => heard.push(name));
  const creating = client.createGroup({ name: "Tea" });
  await settled();
  await answer(0, created(1, { name: "Tea" }));
  assert.equal((await creating).group_id, groupId(1));
  assert.equal(client.groups.length, 1);
  socket().say(events.created(1, { name: "Tea" }), events.updated(1, 2, { name: "Tea 2" }));
  assert.deepEqual(lists, ["(Tea)", "Tea", "Tea", "Tea 2"]);
  assert.deepEqual(heard, ["Tea"], "the event is emitted although the answer came first");
});

test("the event comes first, then the answer", async () => {
  const { client, socket, lists, answer } = await start();
  const creating = client.createGroup({ name: "Tea" });
  await settled();
  socket().say(events.created(1, { name: "Tea" }));
  assert.deepEqual(client.groups.map(({ group_id, pending }) => [group_id, pending]), [[groupId(1), undefined]]);
  await answer(0, created(1, { name: "Tea" }));
  await creating;
  assert.deepEqual(new Set(lists), new Set(["(Tea)", "Tea"]));
});

test("later events before the answer do not duplicate it", async () => {
  const { client, socket, answer } = await start();
  const creating = client.createGroup({ name: "Tea" });
  await settled();
  socket().say(events.created(1, { name: "Tea" }), events.updated(1, 2, { name: "Coffee" }), events.deleted(1, 3));
  await answer(0, created(1, { name: "Tea" }));
  await creating;
  assert.deepEqual(client.groups, []);
});

test("two groups with the same name stay two, in any order of answers and events", async () => {
  const { client, socket, answer } = await start();
  const both = [client.createGroup({ name: "Tea" }), client.createGroup({ name: "Tea" })];
  await settled();
  assert.equal(client.groups.length, 2);
  // The second one was created first.
  socket().say(events.created(1, { name: "Tea" }));
  assert.equal(client.groups.length, 2);
  await answer(0, created(2, { name: "Tea" }));
  assert.equal(client.groups.length, 2);
  await answer(1, created(1, { name: "Tea" }));
  assert.equal(client.groups.length, 2);
  socket().say(events.created(2, { name: "Tea" }));
  await Promise.all(both);
  assert.deepEqual(client.groups.map(({ group_id }) => group_id), [groupId(2), groupId(1)]);
});

test("a refused group disappears, and the promise rejects", async () => {
  const { client, answer, lists } = await start();
  const creating = client.createGroup({ name: "Tea" });
  await settled();
  const refused = assert.rejects(creating, { name: "ApiError", code: "invalid_name", status: 422 });
  await answer(0, { status: 422, body: { code: "invalid_name", title: "Invalid name", status: 422 } });
  await refused;
  assert.deepEqual([client.groups, lists], [[], ["(Tea)", ""]]);
});

test("a snapshot that contains it replaces it; an older snapshot leaves it", async () => {
  const { client, clock, socket, answer } = await start();
  const creating = client.createGroup({ name: "Tea" });
  await settled();
  socket().drop();
  await clock.pass(1_000);
  await answer(0, created(1, { name: "Tea" }));
  await creating;
  socket().say(welcome(), snapshot([]), ready());
  assert.equal(client.groups.length, 1, "answered while this connection was being opened");
  socket().say(events.created(1, { name: "Tea" }));
  assert.equal(client.groups.length, 1);
});

test("a group that was answered before a connect and is not in the new list is gone", async () => {
  const { client, clock, socket, answer } = await start();
  const creating = client.createGroup({ name: "Tea" });
  await settled();
  await answer(0, created(1, { name: "Tea" }));
  await creating;
  socket().drop();
  await clock.pass(1_000);
  socket().say(welcome(), snapshot([]), ready());
  assert.deepEqual(client.groups, []);
});

test("a lost answer is requested again with the same key", async () => {
  const { client, clock, answer, waiting } = await start();
  const creating = client.createGroup({ name: "Tea" });
  await settled();
  await answer(0, new TypeError("network"));
  await clock.pass(2_000);
  await answer(1, created(1, { name: "Tea" }));
  await creating;
  const keys = waiting.map(({ call }) => call.headers["Idempotency-Key"]);
  assert.equal(keys.length, 2);
  assert.equal(keys[0], keys[1]);
  assert.equal(client.groups.length, 1);
});
