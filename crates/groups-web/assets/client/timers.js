/**
 * Timers that cannot overflow.
 *
 * @import { Env } from "./env.js"
 */

/** The longest delay, in milliseconds: 24.8 days. Browsers store it in 31 bits, and longer delays fire immediately. */
export const TIMER_MS_MAX = 2 ** 31 - 1;

/** Clamps a delay to what a timer supports. `NaN` becomes 0. @param {number} ms */
export const waitable = (ms) => (ms > 0 ? Math.min(ms, TIMER_MS_MAX) : 0);

/** The same environment with delays clamped to {@link TIMER_MS_MAX}. @param {Env} env @returns {Env} */
export function withBoundedTimers(env) {
  return { ...env, setTimeout: (call, ms) => env.setTimeout(call, waitable(ms)) };
}
