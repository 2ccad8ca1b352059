// The user's own invitations and requests to join, in the client: lists, events, expiry and tabs.
import assert from "node:assert/strict";
import { test } from "node:test";

import { GroupsClient } from "../../assets/groups-client.js";
import { TIMER_MS_MAX } from "../../assets/client/timers.js";
import { ADA, BOB, FakeClock, FakeLocks, events, fakeChannels, fakeEnv, group, groupId, invitation, joinRequest, ready, settled, snapshot, tokenOf, welcome } from "./fakes.mjs";

/** The time of the fake environment, plus this many milliseconds. */
const later = (ms) => new Date(1_700_000_000_000 + ms).toISOString();

const waiting = ({ client }) => [client.invitations, client.joinRequests].map((entries) => entries.map(({ group }) => group.name));

/** Ada's client, live with these invitations and requests to join. */
async function live({ groups = [], ...own } = {}, options = {}) {
  const world = fakeEnv(options);
  const client = new GroupsClient({ url: "https://groups.example/", getToken: () => tokenOf(ADA), tabs: options.tabs !== undefined, env: world.env });
  client.connect();
  await settled();
  const socket = () => world.sockets.at(-1);
  socket()?.say(welcome(), snapshot(groups, "c-0", false, own), ready());
  return { ...world, world, client, socket };
}

test("the last piece of a snapshot brings invitations and requests to join, newest group first", async () => {
  const at = await live({ invitations: [invitation(1), invitation(3)], requests: [joinRequest(2, { message: "Please" })] });
  assert.deepEqual(waiting(at), [["Group 3", "Group 1"], ["Group 2"]]);
  assert.equal(at.client.joinRequests[0].message, "Please");
  at.socket().drop();
  await at.clock.pass(500);
  at.socket().say(welcome(), snapshot([group(9)], "c-1", true));
  assert.deepEqual(waiting(at)[0].length, 2);
  at.socket().say(snapshot([], "c-1", false, { invitations: [invitation(4)] }), ready());
  assert.deepEqual(waiting(at), [["Group 4"], []]);
});

test("a server that says nothing of invitations has none", async () => {
  const at = await live();
  at.socket().drop();
  await at.clock.pass(500);
  at.socket().say(welcome(), { type: "snapshot", groups: [group(1)], more: false, cursor: "c-1" }, ready());
  assert.deepEqual([waiting(at), at.client.groups.length], [[[], []], 1]);
});

test("each event is emitted once, with a change that has all three lists", async () => {
  const at = await live();
  const told = [];
  for (const type of ["invited_to_group", "invitation_ended", "join_requested", "join_request_ended", "added_to_group"]) {
    at.client.on(type, (event) => told.push([type, event.version]));
  }
  const changes = [];
  at.client.on("change", ({ groups, invitations, joinRequests }) => changes.push([groups.length, invitations.length, joinRequests.length]));
  const invited = events.invited(1, 3);
  at.socket().say(invited, invited, events.asked(2, 5), events.invitationEnded(1, 9, "withdrawn"), events.requestEnded(2, 6), invited);
  at.socket().say(events.invited(3, 2), { ...events.added(3, 4), via: "invitation" });
  assert.deepEqual(told, [
    ["invited_to_group", 3],
    ["join_requested", 5],
    ["invitation_ended", 9],
    ["join_request_ended", 6],
    ["invited_to_group", 2],
    ["added_to_group", 4],
  ]);
  assert.deepEqual(changes, [[0, 1, 0], [0, 1, 1], [0, 0, 1], [0, 0, 0], [0, 1, 0], [1, 0, 0]]);
});

test("the arrays stay the same until they change", async () => {
  const at = await live({ groups: [group(1)], invitations: [invitation(2, { expires: later(60_000) })], requests: [joinRequest(3)] });
  const { invitations, joinRequests } = at.client;
  at.socket().say(events.updated(1, 2));
  assert.ok(at.client.invitations === invitations && at.client.joinRequests === joinRequests);
  at.socket().say(events.asked(4, 1));
  assert.ok(at.client.invitations === invitations && at.client.joinRequests !== joinRequests);
});

test("a user who is invited to a listed group has missed the removal, so the list is read again", async () => {
  const at = await live({ groups: [group(1)] });
  at.socket().say(events.invited(1, 5));
  await at.clock.pass(500);
  assert.equal(at.socket().url.searchParams.get("cursor"), null);
  at.socket().say(welcome(), snapshot([], "c-1", false, { invitations: [invitation(1, { version: 5 })] }), ready());
  assert.deepEqual([waiting(at), at.client.groups], [[["Group 1"], []], []]);
});

test("a change with a way in that this version does not know is still applied", async () => {
  const at = await live({ groups: [group(1)] });
  const actions = ["access_changed", "invited", "banned", "link_created", "an action of a later version"];
  actions.forEach((action, index) => at.socket().say(events.updated(1, index + 2, { action: { action }, name: action })));
  assert.deepEqual(at.client.groups.map(({ name, version }) => [name, version]), [["an action of a later version", 6]]);
});

test("the typing indicator of a banned member ends", async () => {
  const at = await live({ groups: [group(1)] });
  at.socket().say({ type: "typing", group_id: groupId(1), user_id: BOB, typing: true, expires_in_seconds: 10 });
  assert.deepEqual(at.client.typists(groupId(1)), [BOB]);
  at.socket().say(events.updated(1, 2, { action: { action: "banned", user_id: BOB } }));
  assert.deepEqual(at.client.typists(groupId(1)), []);
});

test("an invitation vanishes when it expires, with a change", async () => {
  const at = await live({ invitations: [invitation(1, { expires: later(5_000) }), invitation(2, { expires: later(8_000) }), invitation(3)] });
  let changes = 0;
  at.client.on("change", () => (changes += 1));
  await at.clock.pass(4_999);
  assert.deepEqual([waiting(at)[0], changes], [["Group 3", "Group 2", "Group 1"], 0]);
  await at.clock.pass(1);
  assert.deepEqual([waiting(at)[0], changes], [["Group 3", "Group 2"], 1]);
  // The event comes soon after, and is not news for the list.
  at.socket().say(events.invitationEnded(1, 2, "expired"));
  await at.clock.pass(3_000);
  assert.deepEqual(waiting(at)[0], ["Group 3"]);
});

test("an invitation that expires while no timer runs is hidden all the same, and reported when the page wakes up", async () => {
  const at = await live({ invitations: [invitation(1, { expires: later(5_000) })] });
  let changes = 0;
  at.client.on("change", () => (changes += 1));
  at.clock.holdBack();
  await at.clock.pass(6_000);
  assert.deepEqual([waiting(at)[0], changes], [[], 0]);
  at.world.wake();
  at.world.wake();
  assert.equal(changes, 1);
});

test("an invitation that expires in months does not overflow the timer", async () => {
  const at = await live({ invitations: [invitation(1, { expires: later(3 * TIMER_MS_MAX) })] });
  let changes = 0;
  at.client.on("change", () => (changes += 1));
  at.clock.now += 2 * TIMER_MS_MAX;
  at.world.wake();
  assert.deepEqual([waiting(at)[0], changes], [["Group 1"], 0]);
  at.clock.now += TIMER_MS_MAX;
  at.world.wake();
  assert.deepEqual([waiting(at)[0], changes], [[], 1]);
});

test("thousands of invitations need one timer, and a closed client none", async () => {
  const invitations = Array.from({ length: 2_000 }, (_, number) => invitation(number, { expires: later(60_000 + number) }));
  const before = (await live()).clock.pending;
  const at = await live({ invitations });
  assert.equal(at.clock.pending, before + 1);
  at.client.close();
  assert.deepEqual([at.clock.pending, at.client.invitations.length], [0, 2_000]);
  await at.clock.pass(60_000);
  assert.equal(at.client.invitations.length, 1_999, "also without a timer");
  at.client.connect();
  await settled();
  assert.equal(at.client.invitations.length, 1_999);
  at.client.close();
});

test("invitations of one user are not shown to the next", async () => {
  let user = ADA;
  const world = fakeEnv();
  const client = new GroupsClient({ url: "https://groups.example/", getToken: () => tokenOf(user), tabs: false, env: world.env });
  client.connect();
  await settled();
  world.sockets.at(-1).say(welcome(), snapshot([], "c-0", false, { invitations: [invitation(1)], requests: [joinRequest(2)] }), ready());
  client.close();
  user = BOB;
  client.connect();
  await settled();
  world.sockets.at(-1).say(welcome(false, BOB));
  assert.deepEqual(waiting({ client }), [[], []]);
});

test("every tab has the invitations and requests to join, and hides them when they expire", async () => {
  const clock = new FakeClock();
  const [locks, Channel] = [new FakeLocks(), fakeChannels()];
  let opened = 0;
  const tab = (own) => live(own, { clock, tabs: { locks, Channel, prefix: `tab${(opened += 1)}-` } });
  const first = await tab({ invitations: [invitation(1, { expires: later(5_000) })] });
  first.socket().say({ ...events.invited(2, 4), actor_name: "Ada" });
  const second = await tab();
  assert.equal(second.sockets.length, 0);
  assert.deepEqual(waiting(second), [["Group 2", "Group 1"], []]);
  assert.equal(second.client.invitations[0].invited_by_name, "Ada");
  let changes = 0;
  second.client.on("change", () => (changes += 1));
  first.socket().say(events.asked(3, 2));
  await settled();
  assert.deepEqual([waiting(second), changes], [[["Group 2", "Group 1"], ["Group 3"]], 1]);
  await clock.pass(5_000);
  assert.deepEqual([waiting(first)[0], waiting(second)[0], changes], [["Group 2"], ["Group 2"], 2]);
  // The second tab takes over, and resumes from where the first one was.
  first.client.close();
  await settled();
  assert.equal(second.socket().url.searchParams.get("cursor"), "c-3-2");
  second.socket().say(welcome(true), events.asked(3, 2), { ...events.added(2, 6), via: "invitation" }, events.requestEnded(3, 3), ready("c-9"));
  assert.deepEqual([waiting(second), second.client.groups.map(({ name }) => name)], [[[], []], ["Group 2"]]);
});
