// Whether and when to reconnect.
import assert from "node:assert/strict";
import { test } from "node:test";

import { BACKOFF_BASE_MS, BACKOFF_MAX_MS, fullJitter, retryAfterMs, verdict } from "../../assets/client/backoff.js";

test("the wait is random up to a bound that doubles until its maximum", () => {
  assert.equal(fullJitter(0, () => 0), 0);
  assert.equal(fullJitter(0, () => 0.999_999), BACKOFF_BASE_MS);
  assert.equal(fullJitter(3, () => 0.999_999), BACKOFF_BASE_MS * 8);
  for (const attempt of [10, 100, 10_000]) assert.equal(fullJitter(attempt, () => 0.999_999_9), BACKOFF_MAX_MS);
});

test("every close code of the contract has its consequence", () => {
  const consequence = (code, reason) => {
    const { again, newToken, waitMs } = verdict(code, reason);
    return [again, newToken ?? false, waitMs];
  };
  for (const code of [1000, 1001, 1006, 1009, 1011, 4000, 4001, 4002, 4444]) assert.deepEqual(consequence(code), [true, false, undefined], code);
  assert.deepEqual(consequence(4003), [true, true, undefined]);
  assert.deepEqual(consequence(1012, '{"retry_ms":[100,900]}'), [true, false, [100, 900]]);
  for (const code of [4500, 4501, 4502, 4999]) assert.deepEqual(consequence(code), [false, false, undefined], code);
});

test("Retry-After can be seconds or a date", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  assert.equal(retryAfterMs("7", now), 7_000);
  assert.equal(retryAfterMs("Thu, 01 Jan 2026 00:00:30 GMT", now), 30_000);
  assert.equal(retryAfterMs("Wed, 31 Dec 2025 00:00:00 GMT", now), 0);
  for (const long of ["2147484", "99999999999999999999", "9".repeat(400), "Fri, 01 Jan 2027 00:00:00 GMT"]) assert.equal(retryAfterMs(long, now), 2 ** 31 - 1, long);
  for (const value of [null, undefined, "", "soon"]) assert.equal(retryAfterMs(value, now), undefined);
});
