// The rule `version == known + 1`, on one user's list.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Fold, LEFT_MAX } from "../../assets/client/fold.js";
import { body, events, group, groupId, invitation, joinRequest } from "./fakes.mjs";

const rows = (fold) => [...fold.rows()].map(({ name, version, role, member_count }) => [name, version, role, member_count]);

/** The groups of invitations and of requests to join, with their versions. */
const waiting = (fold) => {
  const { invitations, joinRequests } = fold.waiting.at(0);
  return [invitations, joinRequests].map((entries) => entries.map(({ group, version }) => [group.name, version]));
};

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

test("invitations and requests to join come and go at any later version", () => {
  const fold = new Fold();
  assert.equal(fold.apply(events.invited(1, 7)), "applied");
  assert.equal(fold.apply(events.asked(2, 3, { message: "Please" })), "applied");
  assert.deepEqual(waiting(fold), [[["Group 1", 7]], [["Group 2", 3]]]);
  assert.equal(fold.apply(events.invited(1, 12, { name: "Renamed", role: "admin" })), "applied", "the first one has expired");
  assert.deepEqual(fold.waiting.at(0).invitations, [invitation(1, { version: 12, name: "Renamed", role: "admin" })]);
  assert.deepEqual(fold.waiting.at(0).joinRequests, [joinRequest(2, { version: 3, message: "Please" })]);
  assert.equal(fold.apply(events.invitationEnded(1, 20)), "applied");
  assert.equal(fold.apply(events.requestEnded(2, 9)), "applied");
  assert.deepEqual([waiting(fold), fold.size], [[[], []], 0]);
  assert.equal(fold.apply(events.requestEnded(3, 4)), "applied", "it was never seen");
});

test("of an invited user, a known event is stale, and one of the group is a gap", () => {
  const fold = new Fold();
  fold.replace([], [invitation(1, { version: 5 })]);
  for (const event of [events.invited(1, 5), events.added(1, 4), events.invitationEnded(1, 5), events.updated(1, 3)]) {
    assert.equal(fold.apply(event), "stale", event.type);
  }
  for (const event of [events.updated(1, 6), events.role(1, 6, "admin"), events.removed(1, 6), events.deleted(1, 6)]) {
    assert.equal(fold.apply(event), "gap", event.type);
  }
  assert.deepEqual(waiting(fold), [[["Group 1", 5]], []]);
});

test("an invitation to a group of the list is a gap, because the removal is missing", () => {
  const fold = new Fold();
  fold.replace([group(1, { version: 5 })]);
  for (const event of [events.invited(1, 6), events.asked(1, 6), events.invitationEnded(1, 6), events.requestEnded(1, 9)]) {
    assert.equal(fold.apply(event), "gap", event.type);
    assert.equal(fold.apply({ ...event, version: 5 }), "stale", event.type);
  }
});

test("a user who joins is no longer invited, whatever the way", () => {
  const fold = new Fold();
  fold.replace([], [invitation(1, { version: 5 }), joinRequest(2, { version: 2 })]);
  assert.equal(fold.apply({ ...events.added(1, 9), via: "invitation" }), "applied");
  assert.equal(fold.apply({ ...events.added(2, 4), via: "a way of a later version" }), "applied");
  assert.deepEqual([waiting(fold), fold.size], [[[], []], 2]);
});

test("an older event does not bring back an invitation that has ended", () => {
  const fold = new Fold();
  fold.apply(events.invited(1, 3));
  fold.apply(events.invitationEnded(1, 6, "declined"));
  for (const event of [events.invited(1, 3), events.invitationEnded(1, 6), events.added(1, 5)]) assert.equal(fold.apply(event), "stale", event.type);
  fold.apply(events.added(1, 7));
  fold.apply(events.removed(1, 8, "banned"));
  assert.equal(fold.apply(events.invited(1, 7)), "stale");
  assert.equal(fold.apply(events.asked(1, 9)), "applied");
  assert.equal(fold.apply(events.invitationEnded(1, 6)), "stale", "the request is later");
});

test("a snapshot replaces invitations and requests to join", () => {
  const fold = new Fold();
  fold.replace([], [invitation(1), joinRequest(2)]);
  fold.apply(events.invitationEnded(1, 3));
  fold.replace([group(2)], [invitation(1, { version: 5 }), invitation(3)]);
  assert.deepEqual(waiting(fold), [[["Group 3", 1], ["Group 1", 5]], []]);
  fold.replace([]);
  assert.deepEqual(waiting(fold), [[], []]);
});

test("the name of who has invited comes from the event, and a snapshot keeps it", () => {
  const fold = new Fold();
  fold.apply({ ...events.invited(1, 3), actor_name: "Ada" });
  fold.apply({ ...events.invited(2, 3, { by: "an operator's choice" }), actor_name: "Ada" });
  fold.replace([], [invitation(1, { version: 3, name: "Renamed" }), invitation(2, { version: 3 })]);
  const named = () => fold.waiting.at(0).invitations.map((entry) => [entry.group.name, entry.invited_by_name]);
  assert.deepEqual(named(), [["Group 2", undefined], ["Renamed", "Ada"]]);
  fold.replace([], [invitation(1, { version: 4 })]);
  assert.deepEqual(named(), [["Group 1", undefined]], "another invitation, perhaps of somebody else");
});

test("an invitation that has expired is hidden, and its end is still the next event", () => {
  const fold = new Fold();
  const expires = "2026-01-01T00:00:00.000Z";
  fold.replace([], [invitation(1, { expires }), invitation(2, { expires: "no time" }), joinRequest(3)]);
  const at = (ms) => fold.waiting.at(Date.parse(expires) + ms).invitations.map((entry) => entry.group.name);
  assert.deepEqual([at(-1), at(0)], [["Group 2", "Group 1"], ["Group 2"]]);
  assert.equal(fold.apply(events.updated(1, 2)), "gap");
  assert.equal(fold.apply(events.invitationEnded(1, 2, "expired")), "applied");
});

test("the lists stay the same arrays until they change", () => {
  const fold = new Fold();
  fold.replace([group(1)], [invitation(2), joinRequest(3)]);
  const { invitations, joinRequests } = fold.waiting.at(0);
  fold.apply(events.updated(1, 2));
  assert.equal(fold.waiting.at(1).invitations, invitations);
  fold.apply(events.invitationEnded(2, 2));
  const after = fold.waiting.at(0);
  assert.notEqual(after.invitations, invitations);
  assert.equal(after.joinRequests, joinRequests);
});

test("merging the state of another tab keeps the newest of membership, invitation and departure", () => {
  const [here, there] = [new Fold(), new Fold()];
  here.replace([group(1, { version: 9 }), group(2, { version: 2 })], [invitation(3, { version: 6 }), joinRequest(4), invitation(5), invitation(6, { version: 2 })]);
  here.apply(events.requestEnded(4, 3));
  there.replace([group(3, { version: 4 })], [invitation(1, { version: 5 }), invitation(2, { version: 7 }), joinRequest(4), joinRequest(6, { version: 8 })]);
  here.merge(structuredClone(there.export()));
  assert.deepEqual(rows(here).map(([name, version]) => [name, version]), [["Group 1", 9]]);
  assert.deepEqual(waiting(here), [[["Group 3", 6], ["Group 2", 7]], [["Group 6", 8]]]);
});

test("a tab of an earlier release, which knows no invitations, takes none away", () => {
  const here = new Fold();
  here.replace([], [invitation(1), joinRequest(2), invitation(3)]);
  here.merge({ rows: [group(2, { version: 5 })], left: [[groupId(3), 4]] });
  assert.deepEqual([rows(here).length, waiting(here)], [1, [[["Group 1", 1]], []]]);
});
