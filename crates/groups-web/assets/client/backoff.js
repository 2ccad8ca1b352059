/**
 * Whether and when to reconnect.
 *
 * Full jitter, after Marc Brooker, "Exponential Backoff And Jitter" (2015): a random time between zero and the bound spreads
 * reconnecting clients best.
 */

import { waitable } from "./timers.js";

/** The first and the highest bound, in milliseconds. */
export const BACKOFF_BASE_MS = 500;
export const BACKOFF_MAX_MS = 30_000;

/** After a connection has been live for this long, in milliseconds, the backoff starts from the first bound again. */
export const SETTLED_MS = 10_000;

/**
 * @param {number} attempt 0 for the first attempt
 * @param {() => number} random from 0 to below 1
 * @returns {number} milliseconds
 */
export function fullJitter(attempt, random) {
  const bound = Math.min(BACKOFF_MAX_MS, BACKOFF_BASE_MS * 2 ** Math.min(attempt, 16));
  return Math.round(bound * random());
}

/**
 * What to do after a connection has closed.
 * @typedef {object} Verdict
 * @property {boolean} again Whether to connect again.
 * @property {boolean} [newToken] Whether to get a new token first.
 * @property {[number, number]} [waitMs] The range for the wait that the server asks for, in milliseconds. Default: back off.
 * @property {string} reason For users.
 */

/** @type {Record<number, string>} */
const REASONS = {
  1001: "The server closed the connection",
  1006: "The connection was lost",
  1009: "A message was too large",
  1012: "The server is restarting",
  1013: "The server is busy",
  4001: "This page could not keep up with the events",
  4002: "The connection timed out",
  4003: "The token has expired",
  4500: "The server refused the connection",
  4501: "This page sent too many messages",
  4502: "Too many open connections for this user",
};

/**
 * Interprets a close code: 4500 to 4999 are final, after any other code the client reconnects.
 * @param {number} code
 * @param {string} [reason]
 * @returns {Verdict}
 */
export function verdict(code, reason = "") {
  const text = REASONS[code] ?? `The connection was closed (${code})`;
  if (code >= 4500 && code <= 4999) return { again: false, reason: text };
  if (code === 4003) return { again: true, newToken: true, reason: text };
  if (code === 1012 || code === 1013) return { again: true, waitMs: retryMs(reason), reason: text };
  return { again: true, reason: text };
}

/** The reason if a request was refused because of its token. */
export const UNAUTHENTICATED = "unauthenticated";

/** The close code and reason for a refused request: 1013 if the server asks for a wait. @param {Response} response @param {number} nowMs @returns {[number, string]} */
export function refusal(response, nowMs) {
  const ms = retryAfterMs(response.headers.get("retry-after"), nowMs);
  return ms === undefined ? [1006, response.status === 401 ? UNAUTHENTICATED : ""] : [1013, JSON.stringify({ retry_ms: [ms, ms * 1.5 + 500] })];
}

/** The range in the reason of a 1012 or 1013, if it is valid. @param {string} reason @returns {[number, number] | undefined} */
function retryMs(reason) {
  try {
    const [min, max] = JSON.parse(reason).retry_ms;
    if (Number.isFinite(min) && Number.isFinite(max) && min >= 0 && max >= min) return [min, max];
  } catch {
    // The reason is not JSON.
  }
  return undefined;
}

/**
 * Parses `Retry-After` (RFC 9110 section 10.2.3): seconds or a date. Returns milliseconds, at most what a timer supports.
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
