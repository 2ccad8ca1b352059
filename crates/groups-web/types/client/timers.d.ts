/** The same surroundings with timers that wait {@link TIMER_MS_MAX} at most. @param {Env} env @returns {Env} */
export function withBoundedTimers(env: Env): Env;
/**
 * Timers that do not overflow.
 *
 * @import { Env } from "./env.js"
 */
/** The longest wait, in milliseconds: 24.8 days. Browsers keep it in 31 bits, and call at once what is to wait longer. */
export const TIMER_MS_MAX: number;
export function waitable(ms: number): number;
import type { Env } from "./env.js";
