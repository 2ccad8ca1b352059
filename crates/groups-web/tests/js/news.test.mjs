// What the page says about events, and who did it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { NAMES_MAX, Names } from "../../assets/page/names.js";
import { ADA, BOB, events } from "./fakes.mjs";

/** Elements as plain text, so that the sentences can be read. */
globalThis.document = { createElement: () => ({ dataset: {}, append(...words) { this.toString = () => words.join(""); } }) };
const { sentenceOf } = await import("../../assets/page/news.js");

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

test("the page remembers a bounded number of names, the newest ones", () => {
  const names = new Names();
  names.learn(Array.from({ length: NAMES_MAX }, (_, number) => ({ user_id: `user ${number}`, name: "Somebody" })));
  names.learn([{ user_id: "user 0", name: "Ada" }, { user_id: "one more", name: "Eve" }]);
  assert.deepEqual(["user 0", "user 1", "user 2", "one more"].map((id) => names.find(id) !== undefined), [true, false, true, true]);
});
