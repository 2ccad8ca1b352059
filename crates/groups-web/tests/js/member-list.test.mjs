// The members of one group, from pages and events in any order.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Emitter } from "../../assets/client/emitter.js";
import { MemberList } from "../../assets/members/list.js";
import { ADA, BOB, events, groupId, settled } from "./fakes.mjs";

const EVE = "00000000-0000-4000-8000-00000000000e";
const member = (user_id, role = "member") => ({ user_id, role, joined_at: "2026-01-01T00:00:00.000Z", name: user_id.slice(-1) });
const page = (version, members, next = null) => ({ members, next, version });

/** A client whose answers the test controls, and its open group. */
function open() {
  class Client extends Emitter {
    userId = ADA;
    listed = { version: 1 };
    asked = [];
    api = { listMembers: (_, { after }) => new Promise((answer) => this.asked.push(Object.assign(answer, { after }))) };
    group = () => this.listed;
    tell = (...told) => told.forEach((event) => this.emit(event.type, event));
  }
  const client = new Client();
  const members = new MemberList({ client, groupId: groupId(1), onChange: () => {} });
  const roles = () => members.list.map(({ user_id, role }) => `${user_id.at(-1)} ${role}`);
  return { client, members, roles };
}

const updated = (version, action) => events.updated(1, version, { action });
const joined = (version, user_id) => updated(version, { action: "member_added", user_id, role: "member" });
const gone = (version, user_id) => updated(version, { action: "member_removed", user_id });

test("events during the first page are not lost if the page is older", async () => {
  const { client, members, roles } = open();
  client.tell(joined(2, BOB), joined(3, EVE), gone(4, BOB));
  client.asked[0](page(2, [member(ADA, "owner"), member(BOB)]));
  await settled();
  assert.deepEqual(roles(), ["a owner", "e member"]);
  // A repeated event is ignored.
  client.tell(joined(2, BOB));
  assert.deepEqual(roles(), ["a owner", "e member"]);
  members.close();
});

test("a member who was banned disappears, also if the event does not say who it was", async () => {
  const { client, members, roles } = open();
  client.asked[0](page(2, [member(ADA, "owner"), member(BOB), member(EVE)]));
  await settled();
  client.tell(updated(3, { action: "banned", user_id: BOB }));
  assert.deepEqual(roles(), ["a owner", "e member"]);
  const counted = (version, member_count) => {
    const event = updated(version, { action: "access_changed" });
    return { ...event, group: { ...event.group, member_count } };
  };
  client.tell(counted(4, 2), counted(5, 2));
  await settled();
  const before = client.asked.length;
  client.tell(counted(6, 2));
  assert.equal(client.asked.length, before, "as many as before: somebody was invited, for example");
  client.tell(counted(7, 1));
  assert.equal(client.asked.length, before + 1);
  client.asked[before](page(7, [member(ADA, "owner")]));
  await settled();
  assert.deepEqual(roles(), ["a owner"]);
  members.close();
});

test("events during a reload are not undone by an older answer", async () => {
  const { client, members, roles } = open();
  client.asked[0](page(2, [member(ADA, "owner"), member(BOB)]));
  await settled();
  void members.load();
  client.tell(gone(3, BOB));
  assert.deepEqual(roles(), ["a owner"]);
  client.asked[1](page(2, [member(ADA, "owner"), member(BOB)]));
  await settled();
  assert.deepEqual(roles(), ["a owner"]);
  members.close();
});

test("a member who is removed while their page loads does not come back with it", async () => {
  const { client, members, roles } = open();
  client.asked[0](page(2, [member(ADA, "owner")], "next"));
  await settled();
  void members.next();
  client.tell(gone(3, EVE));
  client.asked[1](page(2, [member(BOB), member(EVE)]));
  await settled();
  assert.deepEqual(roles(), ["a owner", "b member"]);
  members.close();
});

test("a page that was overtaken by a reload is discarded", async () => {
  const { client, members, roles } = open();
  client.asked[0](page(2, [member(ADA, "owner")], "next"));
  await settled();
  void members.next();
  void members.load();
  client.asked[2](page(4, [member(ADA, "owner"), member(EVE)]));
  await settled();
  client.asked[1](page(2, [member(BOB)], "more"));
  await settled();
  assert.deepEqual([roles(), members.more], [["a owner", "e member"], false]);
  members.close();
});

test("if the list is ahead of the events, the members are loaded again", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { client, members } = open();
  client.asked[0](page(2, [member(ADA, "owner")]));
  await settled();
  const listed = (version) => {
    client.listed = { version };
    client.emit("change", {});
  };
  // The change of the list is emitted first, and the event right after it.
  listed(3);
  client.tell(updated(3, { action: "settings_changed" }));
  context.mock.timers.tick(1_000);
  assert.equal(client.asked.length, 1);
  listed(5);
  context.mock.timers.tick(1_000);
  assert.equal(client.asked.length, 2);
  members.close();
});

test("an event names its actor, whose name may have changed", async () => {
  const { client, members } = open();
  client.asked[0](page(2, [member(ADA, "owner"), member(BOB)]));
  await settled();
  client.tell({ ...updated(3, { action: "settings_changed" }), actor_name: "Ada Lovelace" });
  assert.deepEqual(members.list.map(({ name }) => name), ["Ada Lovelace", "b"]);
  members.close();
});

test("members that failed to load are loaded when the connection is back", async () => {
  const { client, members, roles } = open();
  client.asked[0](Promise.reject(new Error("Could not reach the server")));
  await settled();
  assert.ok(members.error);
  client.emit("ready", {});
  client.asked[1](page(2, [member(ADA, "owner")]));
  await settled();
  assert.deepEqual([roles(), members.error], [["a owner"], null]);
  members.close();
});

test("a removal that is part of the end of the list, but not told yet, is not undone", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { client, members, roles } = open();
  client.asked[0](page(1, [member(ADA, "owner"), member(BOB)]));
  await settled();
  client.tell(joined(2, EVE));
  context.mock.timers.tick(1_000);
  client.asked[1](page(3, [member(ADA, "owner"), member(EVE)]));
  await settled();
  client.tell(gone(3, BOB));
  assert.deepEqual(roles(), ["a owner", "e member"]);
  members.close();
});

test("after a reload that failed, the next event loads the members again", async () => {
  const { client, members, roles } = open();
  client.asked[0](page(2, [member(ADA, "owner"), member(BOB)]));
  await settled();
  client.emit("welcome", { resumed: false });
  client.asked[1](Promise.reject(new Error("too many requests")));
  await settled();
  client.tell(updated(5, { action: "settings_changed" }));
  client.asked[2](page(5, [member(ADA, "owner"), member(EVE)]));
  await settled();
  assert.deepEqual(roles(), ["a owner", "e member"]);
  members.close();
});

test("a reconnection during the first page loads it again", async () => {
  const { client, members, roles } = open();
  client.emit("welcome", { resumed: false });
  client.asked[1](page(8, [member(ADA, "owner"), member(EVE)]));
  client.asked[0](page(5, [member(ADA, "owner"), member(BOB)]));
  await settled();
  assert.deepEqual(roles(), ["a owner", "e member"]);
  members.close();
});

test("admins hear who was banned", async () => {
  const { client, members, roles } = open();
  client.asked[0](page(2, [member(ADA, "owner"), member(BOB)]));
  await settled();
  client.tell(updated(3, { action: "banned", user_id: EVE }), updated(4, { action: "banned", user_id: BOB }));
  assert.deepEqual([roles(), client.asked.length], [["a owner"], 1]);
  members.close();
});

test("members load the list again if somebody was banned from it, but not for other ways in and out", async () => {
  const { client, members, roles } = open();
  const access = (version, count) => events.updated(1, version, { action: { action: "access_changed" }, members: count });
  client.asked[0](page(2, [member(ADA, "owner"), member(BOB), member(EVE)]));
  await settled();
  client.tell(access(3, 3), access(4, 3));
  assert.equal(client.asked.length, 1);
  client.tell(access(5, 2));
  client.asked[1](page(5, [member(ADA, "owner"), member(BOB)]));
  await settled();
  assert.deepEqual([roles(), client.asked.length], [["a owner", "b member"], 2]);
  members.close();
});

test("in a list of which only the start is loaded, the number of members says whether one was banned", async () => {
  const { client, members } = open();
  const access = (version, count) => events.updated(1, version, { action: { action: "access_changed" }, members: count });
  client.asked[0](page(2, [member(ADA, "owner")], "next"));
  await settled();
  client.tell(events.updated(1, 3, { members: 900 }), access(4, 900), access(5, 900));
  assert.equal(client.asked.length, 1);
  client.tell(access(6, 899));
  assert.equal(client.asked.length, 2);
  members.close();
});
