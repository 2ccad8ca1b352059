/**
 * When to come back, and whether at all.
 *
 * Full jitter after Marc Brooker, "Exponential Backoff And Jitter" (2015): a random time between nothing and the bound spreads
 * the crowd of returning clients best.
 */

import { waitable } from "./timers.js";

/** The first bound, and the highest, in milliseconds. */
export const BACKOFF_BASE_MS = 500;
export const BACKOFF_MAX_MS = 30_000;

/** A connection that was live for this long counts as a success: the next loss starts from the first bound again. */
export const SETTLED_MS = 10_000;

/**
 * @param {number} attempt 0 for the first one
 * @param {() => number} random from 0 to below 1
 * @returns {number} milliseconds
 */
export function fullJitter(attempt, random) {
  const bound = Math.min(BACKOFF_MAX_MS, BACKOFF_BASE_MS * 2 ** Math.min(attempt, 16));
  return Math.round(bound * random());
}

/**
 * What a closing means.
 * @typedef {object} Verdict
 * @property {boolean} again Whether to connect again.
 * @property {boolean} [newToken] Whether to get a new token first.
 * @property {[number, number]} [waitMs] The server's own bounds for the waiting, in milliseconds; else back off.
 * @property {string} reason For people.
 */

/** @type {Record<number, string>} */
const REASONS = {
  1001: "The server is going away",
  1006: "The connection was lost",
  1009: "A message was too big",
  1012: "The server is restarting",
  4001: "This page was too slow to keep up",
  4002: "The connection fell silent",
  4003: "The token has expired",
  4500: "The server does not allow this connection",
  4501: "The server did not understand this page",
  4502: "Too many connections are open for this person",
};

/**
 * The code says what to do: 4500 to 4999 are final, everything else is worth another try.
 * @param {number} code
 * @param {string} [reason]
 * @returns {Verdict}
 */
export function verdict(code, reason = "") {
  const text = REASONS[code] ?? `The connection was closed (${code})`;
  if (code >= 4500 && code <= 4999) return { again: false, reason: text };
  if (code === 4003) return { again: true, newToken: true, reason: text };
  if (code === 1012) return { again: true, waitMs: retryMs(reason), reason: text };
  return { again: true, reason: text };
}

/** The bounds in the reason of a 1012, where they make sense. @param {string} reason @returns {[number, number] | undefined} */
function retryMs(reason) {
  try {
    const [min, max] = JSON.parse(reason).retry_ms;
    if (Number.isFinite(min) && Number.isFinite(max) && min >= 0 && max >= min) return [min, max];
  } catch {
    // A reason in other words is none that we could obey.
  }
  return undefined;
}

/**
 * `Retry-After` in milliseconds: seconds, or a date (RFC 9110 section 10.2.3). No longer than a timer can wait.
 * @param {string | null | undefined} value
 * @param {number} nowMs milliseconds since 1970
 * @returns {number | undefined}
 */
export function retryAfterMs(value, nowMs) {
  if (!value) return undefined;
  if (/^\s*\d+\s*$/.test(value)) return waitable(Number(value) * 1_000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : waitable(date - nowMs);
}
