// Type-ahead in the list of groups.
import assert from "node:assert/strict";
import { test } from "node:test";

import { TypeAhead } from "../../assets/sidebar/type-ahead.js";

const rows = ["Ångström", "Banjo", "Bass", "Basement jazz", "Bass players"].map((name) => ({ name }));
/** The rows that these keys lead to, typed 100 ms apart. */
const typed = (keys, from = -1, ahead = new TypeAhead()) => [...keys].map((key, step) => (from = ahead.type(key, rows, from, step * 100)));

test("letters narrow the search, ignoring case and accents", () => {
  assert.deepEqual(typed("bas"), [1, 1, 2]);
  assert.deepEqual(typed("BASE"), [1, 1, 2, 3]);
  assert.deepEqual(typed("a"), [0]);
  assert.deepEqual(typed("bass p").at(-1), 4);
});

test("repeating a letter moves on and wraps around", () => {
  assert.deepEqual(typed("bbbbb"), [1, 2, 3, 4, 1]);
});

test("after a pause a new search begins, and an unknown name leads nowhere", () => {
  const ahead = new TypeAhead();
  assert.equal(ahead.type("b", rows, -1, 0), 1);
  assert.equal(ahead.searching(699), true);
  assert.equal(ahead.searching(700), false);
  assert.equal(ahead.type("a", rows, 1, 700), 0);
  assert.equal(ahead.type("q", rows, 0, 2_000), -1);
  assert.equal(new TypeAhead().type("a", [], -1, 0), -1);
});
