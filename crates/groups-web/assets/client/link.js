/**
 * The way to the server, kept up: connects, waits, connects again.
 *
 * @import { ClientFrame, ServerFrame } from "../../types/wire.js"
 * @import { Env } from "./env.js"
 * @import { Api } from "./http.js"
 * @import { Tokens } from "./tokens.js"
 */

import { SETTLED_MS, fullJitter, verdict } from "./backoff.js";
import { ApiError, SignedOutError } from "./errors.js";
import { Socket } from "./socket.js";

/**
 * `connecting` for the first time · `live`: the list is right, and stays right · `reconnecting` after a loss · `offline`: not
 * connected, and the browser has no network, or nothing is tried any more (closed, or refused for good) · `signed-out`: no
 * token, or a fresh one is refused.
 * @typedef {"connecting" | "live" | "reconnecting" | "offline" | "signed-out"} State
 */

/**
 * @typedef {object} Status
 * @property {State} state
 * @property {string} reason For people; empty where all is well.
 * @property {number} [retryInMs] When the next try is due.
 * @property {boolean} [final] Nothing more is tried until `connect()`.
 */

export class Link {
  #env;
  #tokens;
  #api;
  #url;
  #cursor;
  #onFrame;
  #onStatus;
  /** @type {Socket | null} */
  #socket = null;
  /** @type {any} */
  #timer = null;
  /** Each start and stop begins a new era; what an older one awaited is of no interest any more. */
  #era = 0;
  #running = false;
  #attempt = 0;
  #everLive = false;
  /** When it became live. @type {number | null} */
  #liveSince = null;
  /** Until when nothing hurries the next try, because the server named the time. */
  #waitUntil = -Infinity;
  /** Ends asking why an upgrade was refused. @type {AbortController | null} */
  #probe = null;
  /** A token was renewed since the last success. */
  #renewed = false;
  /** Why the last connection was lost. */
  #reason = "";

  /**
   * @param {object} parts
   * @param {Env} parts.env
   * @param {Tokens} parts.tokens
   * @param {Api} parts.api
   * @param {string} parts.url `ws:` or `wss:`
   * @param {() => string | undefined} parts.cursor Asked at each connecting.
   * @param {(frame: ServerFrame) => void} parts.onFrame
   * @param {(status: Status) => void} parts.onStatus
   */
  constructor({ env, tokens, api, url, cursor, onFrame, onStatus }) {
    this.#env = env;
    this.#tokens = tokens;
    this.#api = api;
    this.#url = url;
    this.#cursor = cursor;
    this.#onFrame = onFrame;
    this.#onStatus = onStatus;
  }

  start() {
    if (this.#running) return;
    this.#running = true;
    this.#attempt = 0;
    this.#renewed = false;
    void this.#open();
  }

  stop() {
    this.#running = false;
    this.#hangUp();
  }

  /** @param {ClientFrame} frame */
  send(frame) {
    return this.#socket?.send(frame) ?? false;
  }

  /** The network is back, or somebody looks: try now, or ask whether the line still stands. */
  wake() {
    if (!this.#running) return;
    if (this.#socket) this.#socket.check();
    else if (this.#probe || (this.#timer !== null && this.#env.now() >= this.#waitUntil)) void this.#open();
  }

  /** Drops the connection, as a failing network would, and comes back after so many milliseconds. @param {number} ms */
  cut(ms) {
    if (this.#socket) this.#again("The connection was cut", [ms, ms]);
  }

  /** The list has a gap: connects anew; the caller has dropped the cursor. */
  resync() {
    if (this.#running) this.#again("An event was missed");
  }

  #hangUp() {
    this.#era += 1;
    this.#env.clearTimeout(this.#timer);
    this.#timer = null;
    this.#probe?.abort();
    this.#probe = null;
    const socket = this.#socket;
    this.#socket = null;
    socket?.end(1000);
  }

  async #open() {
    this.#hangUp();
    const era = this.#era;
    const state = this.#everLive || this.#attempt > 0 ? "reconnecting" : "connecting";
    this.#onStatus({ state: this.#env.isOnline() ? state : "offline", reason: this.#reason });
    let token;
    try {
      token = await this.#tokens.current();
    } catch {
      if (era === this.#era) this.#again("No token could be had");
      return;
    }
    if (era !== this.#era) return;
    if (!token) return this.#giveUp("signed-out", "Nobody is signed in");
    const url = new URL(this.#url);
    const cursor = this.#cursor();
    if (cursor) url.searchParams.set("cursor", cursor);
    /** @type {Socket} */
    let socket;
    const parts = {
      env: this.#env,
      url: url.href,
      token,
      onFrame: (/** @type {ServerFrame} */ frame) => {
        if (era !== this.#era) return;
        if (frame.type === "ready") this.#live();
        this.#onFrame(frame);
      },
      onEnd: (/** @type {number} */ code, /** @type {string} */ reason) => {
        if (era === this.#era) void this.#ended(socket.welcomed, token, code, reason);
      },
    };
    try {
      socket = new Socket(parts);
    } catch {
      // A browser refuses a subprotocol with characters that no token has.
      return this.#giveUp("signed-out", "The token is malformed");
    }
    this.#socket = socket;
  }

  #live() {
    this.#reason = "";
    this.#everLive = true;
    this.#renewed = false;
    this.#liveSince = this.#env.now();
    this.#onStatus({ state: "live", reason: "" });
  }

  /** @param {boolean} welcomed @param {string} token @param {number} code @param {string} reason */
  async #ended(welcomed, token, code, reason) {
    this.#hangUp();
    const era = this.#era;
    const what = verdict(code, reason);
    if (!what.again) return this.#giveUp("offline", what.reason);
    if (what.newToken) return void this.#renew(token, what.reason);
    if (welcomed || what.waitMs) return this.#again(what.reason, what.waitMs);
    // A browser does not tell why an upgrade was refused. The plain way does.
    this.#onStatus(this.#down(what.reason));
    this.#probe = new AbortController();
    try {
      await this.#api.me({ signal: this.#probe.signal });
    } catch (error) {
      if (era !== this.#era) return;
      if (error instanceof SignedOutError) return this.#giveUp("signed-out", "The token is refused");
      if (error instanceof ApiError && error.retryAfterMs !== undefined) {
        return this.#again(error.message, [error.retryAfterMs, error.retryAfterMs * 1.5 + 500]);
      }
    }
    if (era === this.#era) this.#again(what.reason);
  }

  /** @param {string} token @param {string} reason */
  async #renew(token, reason) {
    const era = this.#era;
    // A new token that runs out before it was of use would have us ask for ever.
    if (this.#renewed) return this.#again(reason);
    this.#renewed = true;
    this.#onStatus(this.#down(reason));
    try {
      const renewed = await this.#tokens.renewed(token);
      if (era !== this.#era) return;
      if (!renewed) return this.#giveUp("signed-out", "Nobody is signed in");
    } catch {
      if (era === this.#era) this.#again("No token could be had");
      return;
    }
    void this.#open();
  }

  /** Tries again, after the server's own time or a back-off. @param {string} reason @param {[number, number]} [waitMs] */
  #again(reason, waitMs) {
    this.#hangUp();
    if (this.#liveSince !== null && this.#env.now() - this.#liveSince >= SETTLED_MS) this.#attempt = 0;
    this.#liveSince = null;
    const { random } = this.#env;
    const ms = waitMs ? Math.round(waitMs[0] + (waitMs[1] - waitMs[0]) * random()) : fullJitter(this.#attempt, random);
    this.#waitUntil = waitMs ? this.#env.now() + ms : -Infinity;
    this.#attempt += 1;
    this.#timer = this.#env.setTimeout(() => void this.#open(), ms);
    this.#onStatus({ ...this.#down(reason), retryInMs: ms });
  }

  /** @param {string} reason @returns {Status} */
  #down(reason) {
    this.#reason = reason;
    return { state: this.#env.isOnline() ? "reconnecting" : "offline", reason };
  }

  /** @param {"offline" | "signed-out"} state @param {string} reason */
  #giveUp(state, reason) {
    this.stop();
    this.#tokens.forget();
    this.#onStatus({ state, reason, final: true });
  }
}
