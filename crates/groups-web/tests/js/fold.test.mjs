// The rule `version == known + 1`, on one user's list.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Fold, LEFT_MAX } from "../../assets/client/fold.js";
import { body, events, group, groupId } from "./fakes.mjs";

const rows = (fold) => [...fold.rows()].map(({ name, version, role, member_count }) => [name, version, role, member_count]);

test("the next event replaces the row and keeps the user's role", () => {
  const fold = new Fold();
  fold.replace([group(1, { version: 3, role: "admin" })]);
  assert.equal(fold.apply(events.updated(1, 4, { members: 2, name: "Renamed" })), "applied");
  assert.deepEqual(rows(fold), [["Renamed", 4, "admin", 2]]);
});

test("a known event changes nothing", () => {
  const fold = new Fold();
  fold.replace([group(1, { version: 3 })]);
  for (const event of [events.updated(1, 3, { name: "Old" }), events.created(1), events.removed(1, 2), events.deleted(1, 3)]) {
    assert.equal(fold.apply(event), "stale", event.type);
  }
  assert.deepEqual(rows(fold), [["Group 1", 3, "owner", 1]]);
});

test("a missing event is a gap and changes nothing", () => {
  const fold = new Fold();
  fold.replace([group(1, { version: 3 })]);
  const gaps = [events.updated(1, 5), events.removed(1, 6), events.deleted(1, 5), events.added(1, 4), events.updated(2, 1), events.role(3, 9, "admin")];
  for (const event of gaps) assert.equal(fold.apply(event), "gap", `${event.type} ${event.version}`);
  assert.deepEqual(rows(fold), [["Group 1", 3, "owner", 1]]);
});

test("a group can enter with any version, as created or as added", () => {
  const fold = new Fold();
  assert.equal(fold.apply(events.created(1)), "applied");
  assert.equal(fold.apply(events.added(2, 40, { role: "admin" })), "applied");
  assert.deepEqual(rows(fold).map(([, version, role]) => [version, role]), [[1, "owner"], [40, "admin"]]);
});

test("a change of the user's role comes from the event", () => {
  const fold = new Fold();
  fold.replace([group(1, { version: 1, role: "member" })]);
  assert.equal(fold.apply(events.role(1, 2, "owner")), "applied");
  assert.equal(fold.apply(events.updated(1, 3)), "applied");
  assert.equal(fold.get(groupId(1)).role, "owner");
});

test("an older event does not bring back a left group; a later one does", () => {
  for (const leave of [events.removed(1, 5), events.removed(1, 5, "left"), events.deleted(1, 5)]) {
    const fold = new Fold();
    fold.replace([group(1, { version: 4 })]);
    assert.equal(fold.apply(leave), "applied");
    assert.equal(fold.size, 0);
    assert.equal(fold.apply(events.added(1, 3)), "stale");
    assert.equal(fold.apply(events.updated(1, 5)), "stale");
    assert.equal(fold.apply(events.added(1, 7)), "applied");
    assert.deepEqual(rows(fold), [["Group 1", 7, "member", 1]]);
  }
});

test("a snapshot replaces the list and keeps the versions of left groups", () => {
  const fold = new Fold();
  fold.replace([group(1), group(2)]);
  fold.apply(events.removed(1, 2));
  fold.replace([group(3)]);
  assert.deepEqual(rows(fold).map(([name]) => name), ["Group 3"]);
  assert.equal(fold.apply(events.added(1, 2)), "stale");
});

test("only the most recently left groups are remembered", () => {
  const fold = new Fold();
  for (let number = 0; number <= LEFT_MAX; number += 1) {
    fold.apply(events.created(number));
    fold.apply(events.deleted(number, 2));
  }
  assert.equal(fold.export().left.length, LEFT_MAX);
  assert.equal(fold.apply(events.created(1)), "stale");
  assert.equal(fold.apply(events.created(0)), "applied", "the first group is forgotten");
});

test("merging the state of another tab keeps the newer version of each group", () => {
  const [here, there] = [new Fold(), new Fold()];
  here.replace([group(1, { version: 5 }), group(2, { version: 1 }), group(4)]);
  here.apply(events.removed(4, 2));
  there.replace([group(1, { version: 4 }), group(2, { version: 2 }), group(3), group(4)]);
  here.merge(there.export());
  assert.deepEqual(rows(here).map(([name, version]) => [name, version]), [["Group 1", 5], ["Group 2", 2], ["Group 3", 1]]);
});

test("a history with repeats folds to the same list as without", () => {
  // A small deterministic generator, so that every run is the same.
  let seed = 7;
  const below = (bound) => (seed = (seed * 48_271) % 2_147_483_647) % bound;
  const history = [];
  let version = 0;
  let inside = false;
  for (let step = 0; step < 400; step += 1) {
    version += inside ? 1 : 1 + below(3);
    const leaves = inside && below(8) === 0;
    if (!inside) history.push(version === 1 ? events.created(1) : events.added(1, version));
    else history.push(leaves ? events.removed(1, version) : below(4) === 0 ? events.role(1, version, "admin") : events.updated(1, version, { members: below(50) }));
    inside = !leaves;
  }
  const [plain, repeated] = [new Fold(), new Fold()];
  for (const [index, event] of history.entries()) {
    assert.equal(plain.apply(event), "applied");
    repeated.apply(event);
    for (let back = below(4); back > 0; back -= 1) {
      assert.equal(repeated.apply(history[below(index + 1)]), "stale");
    }
  }
  assert.deepEqual(rows(repeated), rows(plain));
});

test("the user's role is not written into the event's body", () => {
  const fold = new Fold();
  const event = { ...events.created(1), group: body(1) };
  fold.apply(event);
  assert.equal("role" in event.group, false);
});
