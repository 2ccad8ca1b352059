// One connection for several tabs of one user, with the same list in each.
import assert from "node:assert/strict";
import { test } from "node:test";

import { GroupsClient } from "../../assets/groups-client.js";
import { ADA, BOB, FakeClock, FakeLocks, events, fakeChannels, fakeEnv, group, groupId, ready, settled, snapshot, tokenOf, welcome } from "./fakes.mjs";

/** A browser with tabs. */
function browser() {
  const clock = new FakeClock();
  const locks = new FakeLocks();
  const Channel = fakeChannels();
  let tabs = 0;
  return {
    clock,
    Channel,
    async tab({ userId = ADA, token = tokenOf(userId), handler } = {}) {
      const world = fakeEnv({ clock, handler, tabs: { locks, Channel, prefix: `tab${(tabs += 1)}-` } });
      const client = new GroupsClient({ url: "https://groups.example/", getToken: () => (typeof token === "function" ? token() : token), env: world.env });
      const before = new Set(Channel.all);
      client.connect();
      await settled();
      const channel = [...Channel.all].find((one) => !before.has(one));
      return { ...world, world, client, channel, socket: () => world.sockets.at(-1) };
    },
  };
}

const greet = (tab, groups) => tab.socket().say(welcome(), snapshot(groups), ready());
const names = ({ client }) => client.groups.map(({ name }) => name);

test("tabs whose token is any text, as with cookies, have a connection each", async () => {
  const { tab } = browser();
  const first = await tab({ token: "cookie" });
  greet(first, [group(1)]);
  const second = await tab({ token: "cookie" });
  greet(second, [group(1)]);
  assert.deepEqual([first.sockets.length, second.sockets.length], [1, 1]);
  assert.deepEqual(second.socket().protocols, ["groups.v1", "bearer.cookie"]);
  assert.deepEqual([names(second), second.client.state, second.client.userId], [["Group 1"], "live", ADA]);
});

test("the second tab has the same list and no socket of its own", async () => {
  const { tab } = browser();
  const first = await tab();
  greet(first, [group(2), group(1)]);
  const second = await tab();
  assert.deepEqual([first.sockets.length, second.sockets.length], [1, 0]);
  assert.deepEqual([names(second), second.client.state, second.client.userId], [["Group 2", "Group 1"], "live", ADA]);
  assert.deepEqual([first.client.leading, second.client.leading], [true, false]);
});

test("an event is emitted once in every tab", async () => {
  const { tab } = browser();
  const tabs = [await tab()];
  greet(tabs[0], []);
  tabs.push(await tab(), await tab());
  const told = tabs.map(() => 0);
  tabs.forEach(({ client }, index) => client.on("added_to_group", () => (told[index] += 1)));
  tabs[0].socket().say(events.added(1, 3), events.added(1, 3));
  await settled();
  assert.deepEqual(told, [1, 1, 1]);
  for (const each of tabs) assert.deepEqual(names(each), ["Group 1"]);
});

test("tabs that are opened before the list arrives get it together with the leader", async () => {
  const { tab } = browser();
  const [first, second] = [await tab(), await tab()];
  first.socket().say(welcome(), snapshot([group(2)], "c", true));
  const third = await tab();
  first.socket().say(snapshot([group(1)]), ready());
  await settled();
  for (const each of [first, second, third]) assert.deepEqual([names(each), each.client.state, each.client.loaded], [["Group 2", "Group 1"], "live", true]);
});

test("two users in two tabs have two sockets", async () => {
  const { tab } = browser();
  const [ada, bob] = [await tab(), await tab({ userId: BOB })];
  assert.deepEqual([ada.sockets.length, bob.sockets.length], [1, 1]);
});

test("with an opaque token each tab has its own socket", async () => {
  const { tab } = browser();
  const [one, two] = [await tab({ token: "opaque" }), await tab({ token: "opaque" })];
  assert.deepEqual([one.sockets.length, two.sockets.length], [1, 1]);
});

test("when the leader closes, another tab resumes", async () => {
  const { tab } = browser();
  const first = await tab();
  greet(first, [group(1)]);
  const second = await tab();
  const third = await tab();
  first.socket().say(events.updated(1, 2));
  await settled();
  first.client.close();
  await settled();
  assert.equal(second.sockets.length, 1);
  assert.equal(second.socket().url.searchParams.get("cursor"), "c-1-2");
  const told = [];
  third.client.on("group_updated", ({ version }) => told.push(version));
  second.socket().say(welcome(true), events.updated(1, 2), events.updated(1, 3, { name: "Again" }), ready());
  await settled();
  assert.deepEqual([names(second), names(third), third.client.state, told], [["Again"], ["Again"], "live", [3]]);
});

test("a tab that missed a message requests the complete state", async () => {
  const { tab } = browser();
  const first = await tab();
  greet(first, [group(1)]);
  const second = await tab();
  second.channel.lose = 1;
  first.socket().say(events.updated(1, 2), events.updated(1, 3, { name: "Third" }));
  await settled();
  assert.deepEqual(names(second), ["Third"]);
  first.socket().say(events.updated(1, 4, { name: "Fourth" }));
  await settled();
  assert.deepEqual(names(second), ["Fourth"]);
});

test("a tab that becomes visible compares its state with the leader", async () => {
  const { tab } = browser();
  const first = await tab();
  greet(first, [group(1)]);
  const second = await tab();
  second.channel.lose = 1;
  first.socket().say(events.updated(1, 2, { name: "Missed" }));
  await settled();
  assert.deepEqual(names(second), ["Group 1"]);
  second.world.wake();
  await settled();
  assert.deepEqual(names(second), ["Missed"]);
});

test("a frozen leader is replaced, and follows when it runs again", async () => {
  const { tab, clock } = browser();
  const first = await tab();
  greet(first, [group(1)]);
  const second = await tab();
  first.channel.frozen = true;
  second.world.wake();
  await clock.pass(5_000);
  assert.equal(second.sockets.length, 1);
  second.socket().say(welcome(true), events.updated(1, 2, { name: "On" }), ready());
  first.channel.frozen = false;
  for (const message of first.channel.backlog.splice(0)) first.channel.receive(message);
  await clock.pass(2_000);
  assert.ok(first.sockets[0].closedByClient);
  assert.deepEqual([first.client.leading, second.client.leading], [false, true]);
  assert.deepEqual(names(first), ["On"]);
  assert.equal(first.sockets.length, 1);
});

test("a leader at a breakpoint is replaced without user action, and the others are up to date within half a minute", async () => {
  const { tab, clock } = browser();
  const first = await tab();
  greet(first, [group(1)]);
  const [second, third] = [await tab(), await tab()];
  for (let beat = 0; beat < 3; beat += 1) {
    await clock.pass(20_000);
    first.socket().say({ type: "pong" });
  }
  assert.deepEqual([second, third].map(({ sockets }) => sockets.length), [0, 0], "a leader that answers keeps its role");
  first.channel.frozen = true;
  await clock.pass(15_000);
  const leaders = [second, third].filter(({ sockets }) => sockets.length > 0);
  assert.equal(leaders.length, 1);
  leaders[0].socket().say(welcome(true), events.updated(1, 2, { name: "Meanwhile" }), ready());
  await settled();
  for (const { client } of [second, third]) assert.deepEqual([names({ client }), client.state], [["Meanwhile"], "live"]);
  first.channel.frozen = false;
  for (const message of first.channel.backlog.splice(0)) first.channel.receive(message);
  await clock.pass(2_000);
  assert.deepEqual([names(first), first.client.leading, first.sockets[0].closedByClient], [["Meanwhile"], false, true]);
});

test("a leader of an earlier release, which does not know ping, is not replaced", async () => {
  const { tab, clock, Channel } = browser();
  const first = await tab();
  greet(first, [group(1)]);
  const listen = first.channel.onmessage;
  first.channel.onmessage = (message) => message.data.kind !== "ping" && listen(message);
  const second = await tab();
  await clock.pass(120_000);
  assert.deepEqual([second.sockets.length, first.client.leading, Channel.all.size], [0, true, 2]);
});

test("a list without a responding leader is not live", async () => {
  const { tab, clock } = browser();
  const first = await tab();
  greet(first, [group(1)]);
  const second = await tab();
  first.channel.frozen = true;
  await clock.pass(15_000);
  second.socket().say(welcome(true), ready());
  // The former leader runs again, takes over in turn and hangs again: within a minute this tab does not take over a second time.
  first.channel.frozen = false;
  first.channel.backlog.length = 0;
  second.channel.frozen = true;
  await clock.pass(15_000);
  second.channel.frozen = false;
  second.channel.backlog.length = 0;
  first.channel.frozen = true;
  await clock.pass(15_000);
  assert.deepEqual([first.client.leading, second.client.leading, second.client.state], [true, false, "reconnecting"]);
});

test("other tabs get the status without a cause that cannot be cloned", async () => {
  const { tab, clock } = browser();
  let good = true;
  const broken = Object.assign(new Error("no session"), { when: () => {} });
  const token = () => {
    if (good) return tokenOf(ADA);
    throw broken;
  };
  const first = await tab({ token, handler: () => ({ status: 401, body: { code: "unauthenticated" } }) });
  greet(first, []);
  const second = await tab();
  good = false;
  first.socket().drop(4003);
  await clock.pass(100);
  assert.equal(first.client.status.cause, broken);
  assert.deepEqual([second.client.state, second.client.status.reason, second.client.status.cause], ["reconnecting", first.client.status.reason, undefined]);
});

test("every tab sees the connection close and reopen", async () => {
  const { tab, clock } = browser();
  const first = await tab();
  greet(first, []);
  const second = await tab();
  const states = [];
  second.client.on("state", ({ state }) => states.at(-1) !== state && states.push(state));
  first.socket().drop();
  await clock.pass(1_000);
  greet(first, []);
  await settled();
  assert.deepEqual(states, ["reconnecting", "live"]);
});

test("a visible tab wakes a leader whose timers are throttled", async () => {
  const { tab, clock } = browser();
  const first = await tab();
  greet(first, []);
  await tab();
  first.world.timersHeld = true;
  first.socket().drop();
  await clock.pass(2_000);
  assert.equal(first.sockets.length, 2);
});

test("typing and cut go through the leader", async () => {
  const { tab } = browser();
  const first = await tab();
  greet(first, [group(1)]);
  const second = await tab();
  second.client.setTyping(groupId(1), true);
  await settled();
  assert.deepEqual(first.socket().sent, [{ type: "typing", group_id: groupId(1), typing: true }]);
  second.client.cut(3_000);
  await settled();
  assert.deepEqual([first.client.state, second.client.state], ["reconnecting", "reconnecting"]);
});

test("a gap in the leader's stream is repaired in every tab", async () => {
  const { tab, clock } = browser();
  const first = await tab();
  greet(first, [group(1)]);
  const second = await tab();
  first.socket().say(events.updated(1, 5));
  await clock.pass(1_000);
  assert.equal(first.socket().url.searchParams.get("cursor"), null);
  greet(first, [group(1, { version: 5, name: "Healed" })]);
  await settled();
  assert.deepEqual([names(first), names(second), second.sockets.length], [["Healed"], ["Healed"], 0]);
});

test("a leader that is signed out hands over to a tab with a valid token", async () => {
  const { tab, clock } = browser();
  const refused = await tab({ handler: () => ({ status: 401, body: { code: "unauthenticated" } }) });
  const better = await tab();
  refused.socket().drop();
  await clock.pass(3_000);
  assert.deepEqual([refused.client.state, better.sockets.length], ["signed-out", 1]);
  greet(better, [group(1)]);
  assert.equal(better.client.state, "live");
});

test("a pending group appears only in its own tab, and once in both after it is created", async () => {
  const { tab } = browser();
  const first = await tab();
  greet(first, []);
  let answer;
  const second = await tab({ handler: () => new Promise((resolve) => (answer = resolve)) });
  const creating = second.client.createGroup({ name: "Tea" });
  await settled();
  assert.deepEqual([names(first), names(second)], [[], ["Tea"]]);
  first.socket().say(events.created(1, { name: "Tea" }));
  await settled();
  assert.deepEqual([names(first), names(second)], [["Tea"], ["Tea"]]);
  answer({ status: 201, body: group(1, { name: "Tea" }) });
  await creating;
  assert.deepEqual(names(second), ["Tea"]);
});

test("if the browser refuses locks or channels, each tab connects on its own", async () => {
  const { clock, Channel } = browser();
  let requests = 0;
  const refused = { request: () => ((requests += 1), Promise.reject(new Error("SecurityError"))) };
  class NoChannel {
    constructor() {
      throw new Error("SecurityError");
    }
  }
  for (const tabs of [{ locks: refused, Channel }, { locks: new FakeLocks(), Channel: NoChannel }]) {
    const world = fakeEnv({ clock, tabs });
    const client = new GroupsClient({ url: "https://groups.example/", getToken: () => tokenOf(ADA), env: world.env });
    client.connect();
    await clock.pass(10_000);
    assert.equal(world.sockets.length, 1);
    world.sockets[0].say(welcome(), snapshot([group(1)]), ready());
    assert.deepEqual([client.state, client.leading, names({ client })], ["live", true, ["Group 1"]]);
    client.close();
    assert.ok(world.sockets[0].closedByClient);
  }
  assert.equal(requests, 1);
  assert.equal(Channel.all.size, 0);
});

test("a tab that follows another user than before starts with a new list", async () => {
  const { tab } = browser();
  const first = await tab();
  greet(first, [group(1)]);
  let person = ADA;
  const second = await tab({ token: () => tokenOf(person) });
  assert.deepEqual(names(second), ["Group 1"]);
  const bob = await tab({ userId: BOB });
  bob.socket().say(welcome(false, BOB), snapshot([group(2)]), ready());
  second.client.close();
  person = BOB;
  second.client.connect();
  await settled();
  assert.deepEqual([names(second), second.client.userId, second.sockets.length], [["Group 2"], BOB, 0]);
});
