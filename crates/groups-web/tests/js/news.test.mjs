// What the page says about events, and who did it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { NAMES_MAX, Names } from "../../assets/page/names.js";
import { ADA, BOB, events } from "./fakes.mjs";

/** Elements as plain text, so that the sentences can be read. */
globalThis.document = { createElement: () => ({ dataset: {}, append(...words) { this.toString = () => words.join(""); } }) };
const { sentenceForAdmins, sentenceOf } = await import("../../assets/page/news.js");

const said = (event, { names = new Names(), userId = BOB } = {}) => [sentenceOf(event, { names, userId })].flat().join("");
const by = (event, more) => ({ ...event, ...more });

test("events say who did it", () => {
  const named = { actor_name: "Ada" };
  assert.equal(said(by(events.added(1, 2), named)), "Ada added you to Group 1.");
  assert.equal(said(by(events.removed(1, 2), named)), "Ada removed you from Group 1.");
  assert.equal(said(by(events.deleted(1, 2), named)), "Ada deleted Group 1.");
  assert.equal(said(by(events.role(1, 2, "admin"), named)), "Ada made you an admin of Group 1.");
});

test("without a name, events say what happened and no id", () => {
  assert.equal(said(events.added(1, 2)), "You were added to Group 1.");
  assert.equal(said(events.removed(1, 2)), "You were removed from Group 1.");
  assert.equal(said(events.deleted(1, 2)), "Group 1 was deleted.");
  assert.equal(said(events.role(1, 2, "owner")), "You are now the owner of Group 1.");
});

test("a name that the page knows from before is used", () => {
  const names = new Names();
  names.learn([{ user_id: ADA, name: "Ada" }, { user_id: BOB }]);
  assert.equal(said(events.removed(1, 2), { names }), "Ada removed you from Group 1.");
});

test("the user's own actions and those of operators are described as such", () => {
  assert.equal(said(events.removed(1, 2, "left")), "You left Group 1.");
  assert.equal(said(events.deleted(1, 2), { userId: ADA }), "You deleted Group 1.");
  assert.equal(said(events.role(1, 2, "member"), { userId: ADA }), "You are now a member of Group 1.");
  assert.equal(said(by(events.removed(1, 2), { operator: true })), "An operator removed you from Group 1.");
});

test("news about invitations and requests to join say how they ended", () => {
  const named = { actor_name: "Ada" };
  assert.equal(said(by(events.invited(1, 2), named)), "Ada invited you to Group 1.");
  assert.equal(said(events.invited(1, 2)), "You are invited to Group 1.");
  assert.equal(said(by(events.invitationEnded(1, 2), named)), "The invitation to Group 1 was withdrawn.");
  assert.equal(said(events.invitationEnded(1, 2, "expired")), "The invitation to Group 1 has expired.");
  assert.equal(said(events.invitationEnded(1, 2, "declined"), { userId: ADA }), "You declined the invitation to Group 1.");
  assert.equal(said(events.asked(1, 2), { userId: ADA }), "You asked to join Group 1. An admin will answer.");
  assert.equal(said(by(events.requestEnded(1, 2), named)), "Your request to join Group 1 was declined.");
  assert.equal(said(events.requestEnded(1, 2, "withdrawn"), { userId: ADA }), "You withdrew your request to join Group 1.");
});

test("somebody whose invitation or request ends with a ban is not told of the ban, and a member is", () => {
  const named = { actor_name: "Ada" };
  assert.equal(said(by(events.invitationEnded(1, 2, "banned"), named)), "The invitation to Group 1 was withdrawn.");
  assert.equal(said(by(events.requestEnded(1, 2, "banned"), named)), "Your request to join Group 1 was declined.");
  assert.equal(said(by(events.removed(1, 2, "banned"), named)), "Ada banned you from Group 1.");
  assert.equal(said(events.removed(1, 2, "banned")), "You were banned from Group 1.");
});

test("an admission says how it came about", () => {
  const joined = (via, more) => by(events.added(1, 2), { via, ...more });
  for (const via of ["invitation", "link", "open"]) assert.equal(said(joined(via), { userId: ADA }), "You joined Group 1.");
  assert.equal(said(joined("request", { actor_name: "Ada" })), "Ada approved your request to join Group 1.");
  assert.equal(said(joined("request")), "Your request to join Group 1 was approved.");
  assert.equal(said(joined("request", { operator: true })), "An operator approved your request to join Group 1.");
});

test("admins are told who asks and who joins, and not of ordinary additions", () => {
  const names = new Names();
  names.learn([{ user_id: BOB, name: "Bob" }]);
  const told = (action, more = {}) => [sentenceForAdmins(by(events.updated(1, 2, { action }), more), names)].flat().join("");
  const joined = (via, more) => told({ action: "member_added", user_id: BOB, role: "member", via }, more);
  assert.equal(told({ action: "join_requested", user_id: BOB }), "Bob asks to join Group 1.");
  assert.equal(joined("invitation"), "Bob accepted the invitation to Group 1.");
  assert.equal(joined("link"), "Bob joined Group 1 with a link.");
  assert.equal(joined("open"), "Bob joined Group 1.");
  assert.equal(joined("request", { actor_name: "Ada" }), "Ada approved the request of Bob to join Group 1.");
  assert.equal(joined("request"), "The request of Bob to join Group 1 was approved.");
  assert.equal(joined(undefined), "");
  assert.equal(told({ action: "banned", user_id: BOB }), "");
});

test("the page remembers a bounded number of names, the newest ones", () => {
  const names = new Names();
  names.learn(Array.from({ length: NAMES_MAX }, (_, number) => ({ user_id: `user ${number}`, name: "Somebody" })));
  names.learn([{ user_id: "user 0", name: "Ada" }, { user_id: "one more", name: "Eve" }]);
  assert.deepEqual(["user 0", "user 1", "user 2", "one more"].map((id) => names.find(id) !== undefined), [true, false, true, true]);
});
