// The lists that only admins see: which events load them again, and how often.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Emitter } from "../../assets/client/emitter.js";
import { AccessRows, PAGE_ROWS } from "../../assets/page/access/rows.js";
import { events, groupId, settled } from "./fakes.mjs";

globalThis.document = { documentElement: { dataset: {} }, baseURI: "https://groups.example/", createElement: () => ({ dataset: {}, append() {}, setAttribute() {} }) };
globalThis.window = globalThis;
const { requestRows } = await import("../../assets/page/access/requests.js");
const { linkRows, linkState } = await import("../../assets/page/access/links.js");
const { each } = await import("../../assets/page/access/each.js");

/** A client whose answers the test controls, and one of the lists of its open group. */
function open(rowsOf = plainRows) {
  class Client extends Emitter {
    listed = { version: 1 };
    asked = [];
    group = () => this.listed;
    ask = (_, page) => new Promise((answer, refuse) => this.asked.push(Object.assign(answer, { page, refuse })));
    api = { listJoinRequests: this.ask, listLinks: this.ask };
    tell = (action, version = this.listed.version + 1, more = {}) => {
      this.listed = { version };
      this.emit("change", {});
      this.emit("group_updated", events.updated(1, version, { action: { action, ...more } }));
    };
  }
  const client = new Client();
  let changes = 0;
  const rows = rowsOf({ client, groupId: groupId(1), names: { learn: () => {} } }, () => (changes += 1));
  return { client, rows, changes: () => changes };
}

function plainRows({ client, groupId }, onChange) {
  const read = async (page) => client.ask(groupId, page);
  return new AccessRows({ client, groupId, read, changes: ({ action }) => action === "invited", onChange });
}

const page = (names, next = null) => ({ rows: names.map((name) => ({ name })), next });
const listed = (rows) => rows.rows.map(({ name }) => name);

test("events during a request lead to one more request, however many there are", async () => {
  const { client, rows } = open();
  assert.equal(client.asked.length, 1);
  for (let time = 0; time < 100; time += 1) client.tell("invited");
  assert.equal(client.asked.length, 1, "at most one request is in flight");
  client.asked[0](page(["old"]));
  await settled();
  assert.equal(client.asked.length, 2);
  client.asked[1](page(["new"]));
  await settled();
  assert.deepEqual([client.asked.length, listed(rows)], [2, ["new"]]);
  rows.close();
});

test("events of other groups and other changes load nothing", async () => {
  const { client, rows } = open();
  client.asked[0](page([]));
  await settled();
  client.tell("settings_changed");
  client.emit("group_updated", events.updated(2, 2, { action: { action: "invited" } }));
  await settled();
  assert.equal(client.asked.length, 1);
  rows.close();
});

test("a reload asks for as many rows as are shown, and an event during the next page follows it", async () => {
  const { client, rows } = open();
  client.asked[0](page(["a"], "more"));
  await settled();
  void rows.next();
  void rows.next();
  assert.deepEqual(client.asked.map(({ page }) => page), [{ limit: PAGE_ROWS }, { limit: PAGE_ROWS, after: "more" }]);
  client.tell("invited");
  client.asked[1](page(Array(PAGE_ROWS).fill("b")));
  await settled();
  assert.deepEqual(client.asked[2].page, { limit: PAGE_ROWS + 1 });
  client.asked[2](page(["a", "b", "c"]));
  await settled();
  assert.deepEqual([listed(rows), rows.more], [["a", "b", "c"], false]);
  rows.close();
});

test("a list that failed to load is loaded when the connection is back, and after a new snapshot", async () => {
  const { client, rows, changes } = open();
  client.asked[0].refuse(new Error("Could not reach the server"));
  await settled();
  assert.deepEqual([rows.error?.message, rows.loaded, changes()], ["Could not reach the server", false, 1]);
  client.emit("ready", {});
  client.asked[1](page(["a"]));
  await settled();
  assert.deepEqual([rows.error, listed(rows)], [null, ["a"]]);
  client.emit("welcome", { resumed: true });
  assert.equal(client.asked.length, 2);
  client.emit("welcome", { resumed: false });
  assert.equal(client.asked.length, 3);
  rows.close();
  client.asked[2](page(["after it was closed"]));
  await settled();
  assert.deepEqual(listed(rows), ["a"]);
});

test("if the group is ahead of the events, the list is loaded again", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { client, rows } = open();
  client.asked[0](page([]));
  await settled();
  client.tell("settings_changed", 2);
  context.mock.timers.tick(1_000);
  assert.equal(client.asked.length, 1);
  client.listed = { version: 5 };
  client.emit("change", {});
  context.mock.timers.tick(1_000);
  assert.equal(client.asked.length, 2);
  rows.close();
});

test("requests to join are loaded again when one is made or may have ended", async () => {
  const { client, rows } = open(requestRows);
  client.asked[0]({ requests: [], next: null });
  await settled();
  client.tell("member_added", 2, { via: "invitation" });
  assert.equal(client.asked.length, 1, "nobody waits, so nobody was waiting");
  client.tell("join_requested", 3);
  client.asked[1]({ requests: [{ user_id: "a" }], next: null });
  await settled();
  for (const [index, action] of ["member_added", "members_added", "join_request_ended", "banned"].entries()) {
    client.tell(action, 4 + index);
    assert.equal(client.asked.length, 3 + index, action);
    client.asked[2 + index]({ requests: [{ user_id: "a" }], next: null });
    await settled();
  }
  rows.close();
});

test("links are loaded again when one may have been used", async () => {
  const { client, rows } = open(linkRows);
  client.asked[0]({ links: [{ link_id: "a" }], next: null });
  await settled();
  client.tell("member_added", 2, { via: "open" });
  assert.equal(client.asked.length, 1);
  for (const [index, [action, more]] of [["member_added", { via: "link" }], ["join_requested"], ["link_created"], ["link_revoked"]].entries()) {
    client.tell(action, 3 + index, more);
    assert.equal(client.asked.length, 2 + index, action);
    client.asked[1 + index]({ links: [{ link_id: "a" }], next: null });
    await settled();
  }
  rows.close();
});

test("a link is expired from its time on, and used up after its last use", () => {
  const at = "2026-01-01T00:00:00.000Z";
  const state = (link, nowMs = Date.parse(at)) => linkState({ expires_at: null, uses_max: null, uses: 5, ...link }, nowMs);
  assert.equal(state({}), "usable");
  assert.equal(state({ expires_at: at }, Date.parse(at) - 1), "usable");
  assert.equal(state({ expires_at: at }), "expired");
  assert.equal(state({ uses_max: 6 }), "usable");
  assert.equal(state({ uses_max: 5 }), "used-up");
  assert.equal(state({ uses_max: 5, expires_at: at }), "expired");
});

test("of several people, a refusal of one does not stop the others", async () => {
  const call = async (item) => {
    if (item % 2 === 0) throw new Error(`not ${item}`);
    return item * 10;
  };
  assert.deepEqual(await each([1, 2, 3, 4], call), { done: [10, 30], failed: { item: 2, reason: "not 2" } });
  assert.deepEqual(await each([1], call), { done: [10], failed: null });
});
