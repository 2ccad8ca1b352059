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

const newestFirst = (a, b) => (a.group_id < b.group_id ? 1 : -1);

test("the conversations contain every outcome", () => {
  const outcomes = conversations.flatMap(({ steps }) => steps.map(({ folded }) => folded));
  assert.ok(conversations.length >= 8);
  const least = { applied: 80, stale: 30, gap: 5 };
  for (const [outcome, count] of Object.entries(least)) assert.ok(outcomes.filter((one) => one === outcome).length >= count, outcome);
});

for (const { name, steps } of conversations) {
  test(`the list: ${name}`, () => {
    const fold = new Fold();
    let pieces = [];
    for (const [index, { connect, frame, folded, list }] of steps.entries()) {
      if (connect) pieces = [];
      if (frame?.type === "snapshot") {
        pieces.push(...frame.groups);
        if (!frame.more) fold.replace(pieces);
      }
      if (folded) assert.equal(fold.apply(frame), folded, `line ${index + 1}: ${frame.type} ${frame.version}`);
      if (list) assert.deepEqual([...fold.rows()].sort(newestFirst), list, `line ${index + 1}`);
    }
  });

  test(`the client: ${name}`, async () => {
    const { env, clock, sockets } = fakeEnv();
    const client = new GroupsClient({ url: "https://groups.example/", getToken: () => tokenOf(BOB), tabs: false, env });
    const told = [];
    for (const type of new Set(steps.filter(({ folded }) => folded).map(({ frame }) => frame.type))) {
      client.on(type, (event) => told.push(event));
    }
    client.connect();
    await settled();
    let opened = 0;
    for (const [index, { connect, cut, frame, folded, list }] of steps.entries()) {
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
      if (list) assert.deepEqual(client.groups, list, where);
    }
    assert.deepEqual(told, steps.filter(({ folded }) => folded === "applied").map(({ frame }) => frame));
    assert.equal(sockets.length, opened);
  });
}
