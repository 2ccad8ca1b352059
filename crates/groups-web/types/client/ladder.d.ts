/**
 * Which transport to use: the first that works, and the WebSocket again from time to time.
 *
 * @import { Env } from "./env.js"
 */
/** @typedef {"websocket" | "sse" | "polling"} Transport */
/** Every transport, best first. @type {readonly Transport[]} */
export const TRANSPORTS: readonly Transport[];
/** After this many failures in a row, the next transport is used. */
export const FAILURES_MAX: 2;
/** The same for connections in a row that were cut soon after they had opened. */
export const CUTS_MAX: 3;
/** How long a fallback is remembered, in milliseconds. */
export const MEMORY_MS: 3600000;
/** The first and the longest wait before the best transport is tried again, in milliseconds. */
export const RETRY_MS_MIN: 300000;
export const RETRY_MS_MAX: 3600000;
export class Ladder {
    /** @param {Env} env @param {string} url @param {readonly Transport[]} allowed */
    constructor(env: Env, url: string, allowed: readonly Transport[]);
    retryMs: number;
    get transport(): Transport;
    /** Whether a WebSocket may be tried in the background. */
    get below(): boolean;
    worked(): void;
    /** The transport failed while HTTP works. @returns {boolean} whether the next one is used from now on */
    failed(): boolean;
    /** The transport opened and was cut. @returns {boolean} whether the next one is used from now on */
    cut(): boolean;
    /** The transport does not exist here. @returns {boolean} whether the next one is used from now on */
    missing(): boolean;
    /** The WebSocket works again. */
    climb(): void;
    /** The WebSocket is still blocked. */
    stay(): void;
    #private;
}
export type Transport = "websocket" | "sse" | "polling";
import type { Env } from "./env.js";
