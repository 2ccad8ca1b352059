/**
 * The way to the server, kept up: connects, waits, connects again.
 *
 * @import { ClientFrame, ServerFrame } from "../../types/wire.js"
 * @import { Env } from "./env.js"
 * @import { Api } from "./http.js"
 * @import { Tokens } from "./tokens.js"
 */

import { SETTLED_MS, fullJitter, verdict } from "./backoff.js";
import { ApiError, GroupsError, SignedOutError } from "./errors.js";
import { Socket, unopened } from "./socket.js";
import { waitable } from "./timers.js";

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
 * @property {unknown} [cause] What was thrown, where something was: by `getToken`, by `new WebSocket`, or the server's refusal as an `ApiError`. Only in the tab with the socket.
 */

const NO_TOKEN = "The token could not be fetched: getToken failed";

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
  /** Why the last connection was lost, and what was thrown. */
  #reason = "";
  /** @type {unknown} */
  #cause;
  /** What was told on the console already. @type {Set<string>} */
  #warned = new Set();

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
    if (this.#socket) this.#again("The connection was cut", { waitMs: [ms, ms] });
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
    this.#onStatus(this.#status(this.#env.isOnline() ? state : "offline"));
    let token;
    try {
      token = await this.#tokens.current();
    } catch (error) {
      if (era === this.#era) this.#again(NO_TOKEN, { cause: error });
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
    } catch (error) {
      const { state, reason } = unopened(error, this.#env, token);
      return this.#giveUp(state, reason, error);
    }
    this.#socket = socket;
  }

  #live() {
    this.#reason = "";
    this.#cause = undefined;
    this.#warned.clear();
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
    if (welcomed || what.waitMs) return this.#again(what.reason, { waitMs: what.waitMs });
    // A browser does not tell why an upgrade was refused. The plain way does.
    this.#onStatus(this.#down(what.reason));
    this.#probe = new AbortController();
    try {
      await this.#api.me({ signal: this.#probe.signal });
    } catch (error) {
      if (era !== this.#era) return;
      if (error instanceof SignedOutError) return this.#giveUp("signed-out", error.message, error.cause);
      // A server that cannot be reached is no news after a connection that was lost. What getToken throws is.
      if (!(error instanceof GroupsError)) return this.#again(NO_TOKEN, { cause: error });
      const { retryAfterMs } = /** @type {ApiError} */ (error);
      const cause = error instanceof ApiError ? error : undefined;
      if (retryAfterMs !== undefined) return this.#again(error.message, { waitMs: [retryAfterMs, retryAfterMs * 1.5 + 500], cause });
    }
    // The token is good, so it was the upgrade: too many connections, or a proxy that knows no WebSocket. Each try waits longer.
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
    } catch (error) {
      if (era === this.#era) this.#again(NO_TOKEN, { cause: error });
      return;
    }
    void this.#open();
  }

  /** Tries again, after the server's own time or a back-off. @param {string} reason @param {{ waitMs?: [number, number], cause?: unknown }} [how] */
  #again(reason, { waitMs, cause } = {}) {
    this.#hangUp();
    if (this.#liveSince !== null && this.#env.now() - this.#liveSince >= SETTLED_MS) this.#attempt = 0;
    this.#liveSince = null;
    const { random } = this.#env;
    const ms = waitable(waitMs ? Math.round(waitMs[0] + (waitMs[1] - waitMs[0]) * random()) : fullJitter(this.#attempt, random));
    this.#waitUntil = waitMs ? this.#env.now() + ms : -Infinity;
    this.#attempt += 1;
    this.#timer = this.#env.setTimeout(() => void this.#open(), ms);
    this.#onStatus({ ...this.#down(reason, cause), retryInMs: ms });
  }

  /** @param {string} reason @param {unknown} [cause] @returns {Status} */
  #down(reason, cause) {
    this.#explain(reason, cause);
    return this.#status(this.#env.isOnline() ? "reconnecting" : "offline");
  }

  /** @param {"offline" | "signed-out"} state @param {string} reason @param {unknown} [cause] */
  #giveUp(state, reason, cause) {
    this.stop();
    this.#tokens.forget();
    this.#explain(reason, cause);
    this.#onStatus({ ...this.#status(state), final: true });
  }

  /** @param {State} state @returns {Status} */
  #status(state) {
    return this.#cause === undefined ? { state, reason: this.#reason } : { state, reason: this.#reason, cause: this.#cause };
  }

  /** Keeps why it is down; what was thrown is told on the console as well, once until it is live again. @param {string} reason @param {unknown} cause */
  #explain(reason, cause) {
    this.#reason = reason;
    this.#cause = cause;
    if (cause === undefined || this.#warned.has(reason)) return;
    this.#warned.add(reason);
    this.#env.warn(`groups: ${reason}`, cause);
  }
}
