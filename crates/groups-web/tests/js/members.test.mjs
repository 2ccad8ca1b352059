// What <groups-members> makes of pasted text, and what it says.
import assert from "node:assert/strict";
import { test } from "node:test";

import { idsIn } from "../../assets/members/ids.js";
import { ENGLISH } from "../../assets/members/texts.js";
import { ADA, BOB } from "./fakes.mjs";

test("user ids are found in any text, each once and in lower case", () => {
  assert.deepEqual(idsIn(`${BOB.toUpperCase()}; <${ADA}>\n${BOB}`), [BOB, ADA]);
  assert.deepEqual(idsIn("nobody 1234 00000000-0000-4000-8000"), []);
});

test("the result of adding people counts those who were not added", () => {
  assert.equal(ENGLISH.added(1, 0), "1 person added.");
  assert.equal(ENGLISH.added(2, 1), "2 people added. 1 person was not added.");
});

test("the element can be imported where there is no DOM", async () => {
  const { GroupsMembers } = await import("../../assets/groups-members.js");
  assert.equal(typeof GroupsMembers, "function");
});
