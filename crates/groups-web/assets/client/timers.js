/**
 * Timers that do not overflow.
 *
 * @import { Env } from "./env.js"
 */

/** The longest wait, in milliseconds: 24.8 days. Browsers keep it in 31 bits, and call at once what is to wait longer. */
export const TIMER_MS_MAX = 2 ** 31 - 1;

/** As long as a timer can wait. What is no number is no wait. @param {number} ms */
export const waitable = (ms) => (ms > 0 ? Math.min(ms, TIMER_MS_MAX) : 0);

/** The same surroundings with timers that wait {@link TIMER_MS_MAX} at most. @param {Env} env @returns {Env} */
export function withBoundedTimers(env) {
  return { ...env, setTimeout: (call, ms) => env.setTimeout(call, waitable(ms)) };
}
