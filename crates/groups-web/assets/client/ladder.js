/**
 * Which transport to use: the first that works, and the WebSocket again from time to time.
 *
 * @import { Env } from "./env.js"
 */

/** @typedef {"websocket" | "sse" | "polling"} Transport */

/** Every transport, best first. @type {readonly Transport[]} */
export const TRANSPORTS = ["websocket", "sse", "polling"];

/** After this many failures in a row, the next transport is used. */
export const FAILURES_MAX = 2;
/** The same for connections in a row that were cut soon after they had opened. */
export const CUTS_MAX = 3;
/** How long a fallback is remembered, in milliseconds. */
export const MEMORY_MS = 3_600_000;
/** The first and the longest wait before the best transport is tried again, in milliseconds. */
export const RETRY_MS_MIN = 300_000;
export const RETRY_MS_MAX = 3_600_000;

export class Ladder {
  #env;
  #key;
  #steps;
  #at = 0;
  #failures = 0;
  #cuts = 0;
  retryMs = RETRY_MS_MIN;

  /** @param {Env} env @param {string} url @param {readonly Transport[]} allowed */
  constructor(env, url, allowed) {
    this.#env = env;
    this.#key = `groups transport ${url}`;
    this.#steps = TRANSPORTS.filter((transport) => allowed.includes(transport));
    try {
      const { transport, until } = JSON.parse(env.storage?.getItem(this.#key) ?? "{}");
      if (until > env.wallNow()) this.#at = Math.max(0, this.#steps.indexOf(transport));
    } catch {
      // Storage is blocked, or holds something else.
    }
  }

  get transport() {
    return this.#steps[this.#at];
  }

  /** Whether a WebSocket may be tried in the background. */
  get below() {
    return this.#at > 0 && this.#steps[0] === "websocket";
  }

  worked() {
    this.#failures = 0;
    this.#cuts = 0;
  }

  /** The transport failed while HTTP works. @returns {boolean} whether the next one is used from now on */
  failed() {
    this.#failures += 1;
    return this.#failures >= FAILURES_MAX && this.missing();
  }

  /** The transport opened and was cut. @returns {boolean} whether the next one is used from now on */
  cut() {
    this.#cuts += 1;
    return this.#cuts >= CUTS_MAX && this.missing();
  }

  /** The transport does not exist here. @returns {boolean} whether the next one is used from now on */
  missing() {
    if (this.#at + 1 >= this.#steps.length) return false;
    this.#move(this.#at + 1);
    return true;
  }

  /** The WebSocket works again. */
  climb() {
    this.retryMs = RETRY_MS_MIN;
    this.#move(0);
  }

  /** The WebSocket is still blocked. */
  stay() {
    this.retryMs = Math.min(this.retryMs * 2, RETRY_MS_MAX);
  }

  /** @param {number} at */
  #move(at) {
    this.#at = at;
    this.worked();
    try {
      if (at === 0) this.#env.storage?.removeItem(this.#key);
      else this.#env.storage?.setItem(this.#key, JSON.stringify({ transport: this.transport, until: this.#env.wallNow() + MEMORY_MS }));
    } catch {
      // Remembered in memory only.
    }
  }
}
