/**
 * Keeps the connection to the server: connects, waits, reconnects.
 *
 * @import { ClientFrame, ServerFrame } from "../../types/wire.js"
 * @import { Env } from "./env.js"
 * @import { Api } from "./http.js"
 * @import { Transport } from "./ladder.js"
 * @import { Tokens } from "./tokens.js"
 */

import { SETTLED_MS, UNAUTHENTICATED, fullJitter, verdict } from "./backoff.js";
import { ApiError, GroupsError, SignedOutError } from "./errors.js";
import { Ladder } from "./ladder.js";
import { Poll } from "./poll.js";
import { Socket, unopened } from "./socket.js";
import { Stream } from "./stream.js";
import { waitable } from "./timers.js";
import { subjectOf } from "./tokens.js";

/**
 * `connecting`: for the first time · `live`: the list is up to date · `reconnecting`: after a loss · `offline`: the browser has no
 * network, or the client has stopped trying (closed, or permanently refused) · `signed-out`: no token, or a new one was refused.
 * @typedef {"connecting" | "live" | "reconnecting" | "offline" | "signed-out"} State
 */

/**
 * @typedef {object} Status
 * @property {State} state
 * @property {string} reason For users; empty while `live`.
 * @property {Transport} [transport] While `live` without a WebSocket: what carries the events.
 * @property {number} [retryInMs] Milliseconds until the next attempt.
 * @property {boolean} [final] The client does not retry until `connect()` is called.
 * @property {unknown} [cause] The exception, if any: thrown by `getToken` or `new WebSocket`, or the server's refusal as an `ApiError`. Only in the tab that holds the connection.
 */

/** The longest token that fits into a message, in characters. A longer one is used by the next connection. */
const TOKEN_CHARS_MAX = 4_000;

const NO_TOKEN = "Could not get a token: getToken failed";

export class Link {
  #env;
  #tokens;
  #api;
  #url;
  #cursor;
  #onFrame;
  #onStatus;
  #ladder;
  /** The cursor of the last frame. @type {string | undefined} */
  #latest;
  /** When the connection was opened. */
  #openedAt = 0;
  /** The next try of a WebSocket while another transport is in use. @type {any} */
  #trialTimer = null;
  /** @type {Socket | null} */
  #trial = null;
  /** @type {Socket | Stream | Poll | null} */
  #socket = null;
  /** @type {any} */
  #timer = null;
  /** Counts starts and stops, so that results of older asynchronous calls are discarded. */
  #era = 0;
  #running = false;
  #attempt = 0;
  #everLive = false;
  /** When the connection became live. @type {number | null} */
  #liveSince = null;
  /** No attempt is made before this time, because the server asked for the wait. */
  #waitUntil = -Infinity;
  /** Aborts the request that finds out why an upgrade was refused. @type {AbortController | null} */
  #probe = null;
  /** The token of the connection. */
  #token = "";
  /** Whether the token was renewed since the connection was last live. */
  #renewed = false;
  /** Why the last connection was lost, and the exception, if any. */
  #reason = "";
  /** @type {unknown} */
  #cause;
  /** Reasons that were already logged to the console. @type {Set<string>} */
  #warned = new Set();

  /**
   * @param {object} parts
   * @param {Env} parts.env
   * @param {Tokens} parts.tokens
   * @param {Api} parts.api
   * @param {string} parts.url `ws:` or `wss:`
   * @param {readonly Transport[]} parts.transports
   * @param {() => string | undefined} parts.cursor Called at each attempt.
   * @param {(frame: ServerFrame) => void} parts.onFrame
   * @param {(status: Status) => void} parts.onStatus
   */
  constructor({ env, tokens, api, url, transports, cursor, onFrame, onStatus }) {
    this.#env = env;
    this.#tokens = tokens;
    this.#api = api;
    this.#url = url;
    this.#ladder = new Ladder(env, url, transports);
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
    const socket = this.#socket;
    if (!socket || socket.renews || frame.type !== "typing") return socket?.send(frame) ?? false;
    // A lost message only delays the display, as on a lost connection.
    this.#api.typing(frame.group_id, frame.typing).catch(() => {});
    return true;
  }

  /** The network is back or the page is visible: connect now, or check that the connection is alive. */
  wake() {
    if (!this.#running) return;
    if (this.#socket) this.#socket.check();
    else if (this.#probe || (this.#timer !== null && this.#env.now() >= this.#waitUntil)) void this.#open();
  }

  /** Drops the connection, as a failing network would, and reconnects after `ms` milliseconds. @param {number} ms */
  cut(ms) {
    if (this.#socket) this.#again("The connection was dropped on request", { waitMs: [ms, ms] });
  }

  /** Reconnects after a gap; the caller has dropped the cursor. */
  resync() {
    if (this.#running) this.#again("An event was missed");
  }

  #hangUp() {
    this.#era += 1;
    this.#env.clearTimeout(this.#timer);
    this.#timer = null;
    this.#probe?.abort();
    this.#probe = null;
    this.#env.clearTimeout(this.#trialTimer);
    this.#trial?.end(1000);
    this.#trial = null;
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
    if (!token) return this.#giveUp("signed-out", "Not signed in");
    const { transport } = this.#ladder;
    /** @type {Socket | Stream | Poll} */
    let socket;
    const parts = {
      env: this.#env,
      url: this.#address(transport, this.#cursor()),
      token,
      onFrame: (/** @type {ServerFrame} */ frame) => {
        if (era !== this.#era) return;
        if ("cursor" in frame) this.#latest = frame.cursor;
        if (frame.type === "ready") this.#live();
        if (frame.type === "token_expiring") void this.#prolong();
        this.#onFrame(frame);
      },
      onEnd: (/** @type {number} */ code, /** @type {string} */ reason) => {
        if (era !== this.#era) return;
        // Some proxies let a connection open, and cut it soon after.
        const cut = socket.welcomed && code === 1006 && this.#env.now() - this.#openedAt < SETTLED_MS;
        if (cut && this.#ladder.cut()) this.#attempt = 0;
        void this.#ended(socket.welcomed, this.#token, code, reason);
      },
    };
    try {
      socket = transport === "websocket" ? new Socket(parts) : transport === "sse" ? new Stream(parts) : new Poll(parts);
    } catch (error) {
      const { state, reason, elsewhere } = unopened(error, this.#env, token);
      if (elsewhere && this.#ladder.missing()) return void this.#open();
      return this.#giveUp(state, reason, error);
    }
    this.#socket = socket;
    this.#openedAt = this.#env.now();
    this.#token = token;
  }

  /** @param {Transport} transport @param {string | undefined} cursor */
  #address(transport, cursor) {
    const url = new URL(transport === "websocket" ? this.#url : this.#url.replace(/^ws/, "http").replace(/ws$/, "events"));
    if (cursor) url.searchParams.set("cursor", cursor);
    return url.href;
  }

  /** Tries a WebSocket next to the working connection, and moves over if it opens. */
  #tryLater() {
    if (!this.#ladder.below) return;
    this.#env.clearTimeout(this.#trialTimer);
    const era = this.#era;
    this.#trialTimer = this.#env.setTimeout(() => {
      const done = (/** @type {boolean} */ opened) => {
        if (era !== this.#era) return;
        if (opened) {
          this.#ladder.climb();
          return void this.#open();
        }
        this.#trial = null;
        this.#ladder.stay();
        this.#tryLater();
      };
      const parts = { env: this.#env, url: this.#address("websocket", this.#latest), token: this.#token, onFrame: () => done(true), onEnd: () => done(false) };
      try {
        this.#trial = new Socket(parts);
      } catch {
        done(false);
      }
    }, this.#ladder.retryMs);
  }

  /**
   * Renews the open connection with a new token. If there is none, the connection ends with the old token, and the next one needs a
   * new token in any case.
   */
  async #prolong() {
    const era = this.#era;
    const old = this.#token;
    let token;
    try {
      token = await this.#tokens.renewed(old);
    } catch (error) {
      this.#env.warn(`groups: ${NO_TOKEN}`, error);
      return;
    }
    if (era !== this.#era || !token || token === old || (this.#socket?.renews && token.length > TOKEN_CHARS_MAX)) return;
    // Another user has signed in: the connection would be closed for good. Without a WebSocket, the next request has the new token.
    if (subjectOf(token) !== subjectOf(old) || !this.#socket?.renews) return void this.#open();
    this.#token = token;
    this.send({ type: "authenticate", token });
  }

  #live() {
    this.#reason = "";
    this.#cause = undefined;
    this.#warned.clear();
    this.#everLive = true;
    this.#renewed = false;
    this.#liveSince = this.#env.now();
    this.#onStatus(this.#ladder.transport === "websocket" ? { state: "live", reason: "" } : { state: "live", reason: "", transport: this.#ladder.transport });
    this.#tryLater();
  }

  /** @param {boolean} welcomed @param {string} token @param {number} code @param {string} reason */
  async #ended(welcomed, token, code, reason) {
    this.#hangUp();
    const era = this.#era;
    const what = verdict(code, reason);
    if (!what.again) return this.#giveUp("offline", what.reason);
    if (what.newToken) return void this.#renew(token, what.reason);
    if (welcomed || what.waitMs) return this.#again(what.reason, { waitMs: what.waitMs });
    // Browsers do not expose why an upgrade was refused; a plain request does.
    this.#onStatus(this.#down(what.reason));
    this.#probe = new AbortController();
    let works = false;
    try {
      await this.#api.me({ signal: this.#probe.signal });
      works = true;
    } catch (error) {
      if (era !== this.#era) return;
      if (error instanceof SignedOutError) return this.#giveUp("signed-out", error.message, error.cause);
      // A network error adds nothing to a lost connection, but an exception from getToken does.
      if (!(error instanceof GroupsError)) return this.#again(NO_TOKEN, { cause: error });
      const { retryAfterMs } = /** @type {ApiError} */ (error);
      const cause = error instanceof ApiError ? error : undefined;
      if (retryAfterMs !== undefined) return this.#again(error.message, { waitMs: [retryAfterMs, retryAfterMs * 1.5 + 500], cause });
    }
    if (era !== this.#era) return;
    // The token is valid, so the transport itself was refused: too many connections, or a proxy that does not let it through.
    if (works && reason !== UNAUTHENTICATED && this.#ladder.failed()) this.#attempt = 0;
    this.#again(what.reason);
  }

  /** @param {string} token @param {string} reason */
  async #renew(token, reason) {
    const era = this.#era;
    // If new tokens expire before they are used, renewing them would loop indefinitely.
    if (this.#renewed) return this.#again(reason);
    this.#renewed = true;
    this.#onStatus(this.#down(reason));
    try {
      const renewed = await this.#tokens.renewed(token);
      if (era !== this.#era) return;
      if (!renewed) return this.#giveUp("signed-out", "Not signed in");
    } catch (error) {
      if (era === this.#era) this.#again(NO_TOKEN, { cause: error });
      return;
    }
    void this.#open();
  }

  /** Schedules the next attempt: after the wait that the server asked for, or with backoff. @param {string} reason @param {{ waitMs?: [number, number], cause?: unknown }} [how] */
  #again(reason, { waitMs, cause } = {}) {
    this.#hangUp();
    if (this.#liveSince !== null && this.#env.now() - this.#liveSince >= SETTLED_MS) {
      this.#attempt = 0;
      this.#ladder.worked();
    }
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

  /** Stores the reason. An exception is also logged to the console, once for each reason until the connection is live again. @param {string} reason @param {unknown} cause */
  #explain(reason, cause) {
    this.#reason = reason;
    this.#cause = cause;
    if (cause === undefined || this.#warned.has(reason)) return;
    this.#warned.add(reason);
    this.#env.warn(`groups: ${reason}`, cause);
  }
}
