/**
 * Long polling: one request at a time, presented as the frames of a WebSocket.
 *
 * @import { ClientFrame, ServerFrame } from "../../types/wire.js"
 * @import { Env } from "./env.js"
 */

import { fullJitter, refusal } from "./backoff.js";

/** How long the server may wait for news, in seconds, and how much longer an answer may take, in milliseconds. */
export const WAIT_SECONDS = 30;
export const SPARE_MS = 15_000;
/** The shortest pause between two requests, in milliseconds: events that are close together share an answer. */
export const PAUSE_MS = 250;

export class Poll {
  #env;
  #token;
  #onFrame;
  #onEnd;
  #abort = new AbortController();
  /** @type {any} */
  #timer;
  #ended = false;
  welcomed = false;
  /** Whether the connection accepts a new token. */
  renews = false;

  /** @param {{ env: Env, url: string, token: string, onFrame: (frame: ServerFrame) => void, onEnd: (code: number, reason: string) => void }} parts `onEnd` is called exactly once. */
  constructor({ env, url, token, onFrame, onEnd }) {
    this.#env = env;
    this.#token = token;
    this.#onFrame = onFrame;
    this.#onEnd = onEnd;
    void this.#run(new URL(url));
  }

  /** @param {ClientFrame} _ @returns {boolean} */
  send(_) {
    return false;
  }

  /** Each request has a timeout, so there is nothing to check. */
  check() {}

  /** @param {number} code @param {string} [reason] */
  end(code, reason = "") {
    if (this.#ended) return;
    this.#ended = true;
    this.#env.clearTimeout(this.#timer);
    this.#abort.abort();
    this.#onEnd(code, reason);
  }

  /** @param {URL} url */
  async #run(url) {
    const headers = { accept: "application/json", authorization: `Bearer ${this.#token}` };
    let early = 0;
    try {
      while (!this.#ended) {
        const waits = this.welcomed;
        const askedAt = this.#env.now();
        // The first answer must not wait: only it makes the list live.
        url.searchParams.set("wait", String(this.welcomed ? WAIT_SECONDS : 0));
        this.#env.clearTimeout(this.#timer);
        this.#timer = this.#env.setTimeout(() => this.end(4002), (this.welcomed ? WAIT_SECONDS * 1_000 : 0) + SPARE_MS);
        const response = await this.#env.fetch(url.href, { headers, cache: "no-store", signal: this.#abort.signal });
        if (this.#ended) return;
        if (response.status === 401 && this.welcomed) return this.end(4003);
        if (!response.ok) return this.end(...refusal(response, this.#env.wallNow()));
        const answer = await response.json();
        this.#take(answer);
        url.searchParams.set("cursor", answer.cursor);
        // A server that stops answers before the time is over, with nothing: asking again at once would be a loop.
        const isEarly = waits && answer.resumed && answer.events.length === 0 && this.#env.now() - askedAt < WAIT_SECONDS * 500;
        early = isEarly ? early + 1 : 0;
        if (waits) await this.#pause(isEarly ? Math.max(PAUSE_MS, fullJitter(early, this.#env.random)) : PAUSE_MS);
      }
    } catch {
      this.end(1006);
    }
  }

  /** @param {number} ms */
  #pause(ms) {
    this.#env.clearTimeout(this.#timer);
    return new Promise((resolve) => (this.#timer = this.#env.setTimeout(() => resolve(undefined), ms)));
  }

  /** @param {any} answer */
  #take({ user_id, resumed, groups, invitations, requests, events, cursor }) {
    const starts = !this.welcomed || !resumed;
    this.welcomed = true;
    if (starts) this.#give({ type: "welcome", user_id, resumed, heartbeat_seconds: WAIT_SECONDS });
    if (!resumed) this.#give({ type: "snapshot", groups, invitations, requests, cursor, more: false });
    for (const event of events) this.#give(event);
    if (starts) this.#give({ type: "ready", cursor });
  }

  /** @param {any} frame */
  #give(frame) {
    if (this.#ended) return;
    try {
      this.#onFrame(frame);
    } catch (error) {
      // An exception of a listener is not a lost connection: it surfaces as that of a WebSocket does.
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
