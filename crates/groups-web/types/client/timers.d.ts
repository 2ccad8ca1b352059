/** The same environment with delays clamped to {@link TIMER_MS_MAX}. @param {Env} env @returns {Env} */
export function withBoundedTimers(env: Env): Env;
/**
 * Timers that cannot overflow.
 *
 * @import { Env } from "./env.js"
 */
/** The longest delay, in milliseconds: 24.8 days. Browsers store it in 31 bits, and longer delays fire immediately. */
export const TIMER_MS_MAX: number;
export function waitable(ms: number): number;
import type { Env } from "./env.js";
