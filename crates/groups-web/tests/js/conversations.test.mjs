// Conversations written by the Rust tests: the same frames must fold to the same list here.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { Fold } from "../../assets/client/fold.js";
import { GroupsClient } from "../../assets/groups-client.js";
import { BOB, fakeEnv, settled, tokenOf } from "./fakes.mjs";

const FOLDER = new URL("../conversations/", import.meta.url);
/** After this many timers, the client must have stopped reconnecting. */
const TIMERS_MAX = 20;

const conversations = readdirSync(FOLDER).map((file) => ({
  name: file.replace(".jsonl", "").replaceAll("_", " "),
  steps: readFileSync(new URL(file, FOLDER), "utf8").trim().split("\n").map((line) => JSON.parse(line)),
}));

/** Long before the invitations of the conversations expire. */
const THEN_MS = Date.parse("2025-01-01T00:00:00.000Z");

const newestFirst = (a, b) => (a.group_id < b.group_id ? 1 : -1);

test("the conversations contain every outcome, and every end of an invitation and a request to join", () => {
  const all = conversations.flatMap(({ steps }) => steps);
  assert.ok(conversations.length >= 14);
  const least = { applied: 220, stale: 180, gap: 8 };
  for (const [outcome, count] of Object.entries(least)) assert.ok(all.filter(({ folded }) => folded === outcome).length >= count, outcome);
  const frames = all.filter(({ folded }) => folded === "applied").map(({ frame }) => frame);
  const values = (type, field) => new Set(frames.filter((frame) => frame.type === type).map((frame) => frame[field]));
  assert.deepEqual(values("invitation_ended", "reason"), new Set(["declined", "withdrawn", "expired", "banned"]));
  assert.deepEqual(values("join_request_ended", "reason"), new Set(["declined", "withdrawn", "banned"]));
  assert.deepEqual(values("removed_from_group", "reason"), new Set(["removed", "left", "banned"]));
  assert.deepEqual(values("added_to_group", "via"), new Set([undefined, "invitation", "request", "link", "open"]));
  assert.ok(values("group_updated", "action").size >= 15);
});

for (const { name, steps } of conversations) {
  test(`the list: ${name}`, () => {
    const fold = new Fold();
    let pieces = [];
    for (const [index, { connect, frame, folded, list, invitations = [], requests = [] }] of steps.entries()) {
      if (connect) pieces = [];
      if (frame?.type === "snapshot") {
        pieces.push(...frame.groups);
        if (!frame.more) fold.replace(pieces, [...frame.invitations, ...frame.requests]);
      }
      if (folded) assert.equal(fold.apply(frame), folded, `line ${index + 1}: ${frame.type} ${frame.version}`);
      if (!list) continue;
      assert.deepEqual([...fold.rows()].sort(newestFirst), list, `line ${index + 1}`);
      const shown = fold.waiting.at(THEN_MS);
      assert.deepEqual([shown.invitations, shown.joinRequests], [invitations, requests], `line ${index + 1}`);
    }
  });

  test(`the client: ${name}`, async () => {
    const { env, clock, sockets } = fakeEnv();
    const client = new GroupsClient({ url: "https://groups.example/", getToken: () => tokenOf(BOB), tabs: false, transports: ["websocket"], env });
    const told = [];
    for (const type of new Set(steps.filter(({ folded }) => folded).map(({ frame }) => frame.type))) {
      client.on(type, (event) => told.push(event));
    }
    client.connect();
    await settled();
    let opened = 0;
    for (const [index, { connect, cut, frame, folded, list, invitations = [], requests = [] }] of steps.entries()) {
      const where = `line ${index + 1}`;
      const socket = () => sockets.at(-1);
      if (connect) {
        for (let timers = 0; sockets.length === opened && timers < TIMERS_MAX; timers += 1) await clock.pass(clock.nextIn);
        assert.equal(sockets.length, (opened += 1), where);
        assert.equal(socket().url.searchParams.get("cursor"), connect.cursor, where);
      }
      if (cut) socket().drop(cut);
      if (frame) socket().say(frame);
      if (folded === "gap") assert.ok(socket().closedByClient, where);
      if (list) assert.deepEqual([client.groups, client.invitations, client.joinRequests], [list, invitations, requests], where);
    }
    assert.deepEqual(told, steps.filter(({ folded }) => folded === "applied").map(({ frame }) => frame));
    assert.equal(sockets.length, opened);
  });
}
