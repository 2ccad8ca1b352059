/**
 * Server-sent events over `fetch`: the frames of a WebSocket, in one direction. `EventSource` cannot send `Authorization`.
 *
 * @import { ClientFrame, ServerFrame } from "../../types/wire.js"
 * @import { Env } from "./env.js"
 */

import { refusal } from "./backoff.js";

/** The time for the first frame, in milliseconds: a proxy that buffers the response delivers nothing. */
export const FIRST_MS_MAX = 8_000;
/** The longest event, in characters. A longer one ends the connection. */
export const EVENT_CHARS_MAX = 16_000_000;

export class Stream {
  #env;
  #onFrame;
  #onEnd;
  #abort = new AbortController();
  #silenceMs = FIRST_MS_MAX;
  /** @type {any} */
  #timer;
  #heardAt;
  #ended = false;
  welcomed = false;
  /** Whether the connection accepts a new token. */
  renews = false;

  /** @param {{ env: Env, url: string, token: string, onFrame: (frame: ServerFrame) => void, onEnd: (code: number, reason: string) => void }} parts `onEnd` is called exactly once. */
  constructor({ env, url, token, onFrame, onEnd }) {
    this.#env = env;
    this.#onFrame = onFrame;
    this.#onEnd = onEnd;
    this.#heardAt = env.now();
    this.#expect();
    void this.#read(url, token);
  }

  /** @param {ClientFrame} _ @returns {boolean} */
  send(_) {
    return false;
  }

  /** Ends the connection if a heartbeat is overdue, as after sleep. */
  check() {
    if (this.#env.now() - this.#heardAt > this.#silenceMs) this.end(4002);
  }

  /** @param {number} code @param {string} [reason] */
  end(code, reason = "") {
    if (this.#ended) return;
    this.#ended = true;
    this.#env.clearTimeout(this.#timer);
    this.#abort.abort();
    this.#onEnd(code, reason);
  }

  #expect() {
    this.#env.clearTimeout(this.#timer);
    this.#timer = this.#env.setTimeout(() => this.end(4002), this.#silenceMs);
  }

  /** @param {string} url @param {string} token */
  async #read(url, token) {
    try {
      const headers = { accept: "text/event-stream", authorization: `Bearer ${token}` };
      const response = await this.#env.fetch(url, { headers, cache: "no-store", signal: this.#abort.signal });
      const isStream = response.headers.get("content-type")?.startsWith("text/event-stream");
      if (!response.ok || !isStream || !response.body) return this.end(...refusal(response, this.#env.wallNow()));
      const reader = response.body.getReader();
      const decoder = new TextDecoder();
      let text = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (this.#ended) return;
        if (done) return this.end(1006);
        this.#heardAt = this.#env.now();
        const blocks = (text + decoder.decode(value, { stream: true })).split("\n\n");
        text = blocks.pop() ?? "";
        if (text.length > EVENT_CHARS_MAX) return this.end(1009);
        for (const block of blocks) this.#take(block);
        if (this.#ended) return;
        // Bytes before the first event prove nothing about the rest.
        if (this.welcomed) this.#expect();
      }
    } catch {
      this.end(1006);
    }
  }

  /** @param {string} block */
  #take(block) {
    const data = block
      .split("\n")
      .filter((line) => line.startsWith("data:"))
      .map((line) => line.slice(5))
      .join("\n");
    if (!data || this.#ended) return;
    const frame = JSON.parse(data);
    if (frame.type === "close") return this.end(frame.code, frame.reason);
    this.welcomed = true;
    if (frame.type === "welcome" && frame.heartbeat_seconds > 0) this.#silenceMs = frame.heartbeat_seconds * 2_000;
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
