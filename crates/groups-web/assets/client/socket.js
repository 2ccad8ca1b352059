/**
 * One WebSocket connection: frames, heartbeat, and exactly one call of `onEnd`.
 *
 * @import { ClientFrame, ServerFrame } from "../../types/wire.js"
 * @import { Env } from "./env.js"
 */

/** The characters of a subprotocol (RFC 6455 section 4.1); a JSON Web Token uses only these. */
const SUBPROTOCOL = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * Explains to users why `new WebSocket` has thrown. It throws before anything is sent, so a retry would fail the same way.
 * @param {unknown} error
 * @param {Env} env
 * @param {string} token
 * @returns {{ state: "offline" | "signed-out", reason: string, elsewhere?: boolean }} `elsewhere`: another transport may work.
 */
export function unopened(error, env, token) {
  const name = error instanceof Error ? error.name : "";
  if (!env.WebSocket) return { state: "offline", reason: "WebSocket is not available: use a browser, or Node.js 22 or later", elsewhere: true };
  if (!SUBPROTOCOL.test(token)) return { state: "signed-out", reason: "The token is malformed: it contains characters that are not allowed in a JSON Web Token" };
  if (name === "SecurityError") return { state: "offline", reason: "The browser blocked the connection: a page served over https: needs a server with https:" };
  if (name === "SyntaxError") return { state: "offline", reason: "The server URL is not a valid WebSocket URL" };
  return { state: "offline", reason: `Could not open the connection: ${error instanceof Error ? error.message : String(error)}`, elsewhere: true };
}

/** Timeouts for the first frame and for the answer to a ping, in milliseconds. */
export const WELCOME_MS_MAX = 15_000;
export const PONG_MS_MAX = 8_000;
/** The heartbeat interval until `welcome` sets it, in milliseconds. */
export const HEARTBEAT_MS = 25_000;

export class Socket {
  #env;
  #socket;
  #onFrame;
  #onEnd;
  #heartbeatMs = HEARTBEAT_MS;
  /** @type {any} */
  #timer;
  #ended = false;
  /** Whether a ping is unanswered. */
  #asked = false;
  /** Whether any frame was received. */
  welcomed = false;
  /** Whether the connection accepts a new token. */
  renews = true;

  /**
   * @param {object} parts
   * @param {Env} parts.env
   * @param {string} parts.url
   * @param {string} parts.token
   * @param {(frame: ServerFrame) => void} parts.onFrame
   * @param {(code: number, reason: string) => void} parts.onEnd Called exactly once, as the last callback.
   */
  constructor({ env, url, token, onFrame, onEnd }) {
    this.#env = env;
    this.#onFrame = onFrame;
    this.#onEnd = onEnd;
    const { WebSocket } = env;
    if (!WebSocket) throw new ReferenceError("WebSocket is not defined");
    this.#socket = new WebSocket(url, ["groups.v1", `bearer.${token}`]);
    this.#socket.onmessage = ({ data }) => this.#heard(data);
    this.#socket.onclose = ({ code, reason }) => this.end(code, reason);
    this.#expect(WELCOME_MS_MAX);
  }

  /** @param {ClientFrame} frame @returns {boolean} whether it could be sent */
  send(frame) {
    if (this.#ended || this.#socket.readyState !== 1) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Pings the server: after sleep, a laptop cannot know whether the connection is alive. */
  check() {
    // A second check must not extend the timeout of a dead connection.
    if (!this.welcomed || this.#ended || this.#asked) return;
    this.#asked = true;
    this.send({ type: "ping" });
    this.#expect(PONG_MS_MAX);
  }

  /** Closes the connection without waiting for the peer, because a dead peer never answers a close frame. @param {number} code @param {string} [reason] */
  end(code, reason = "") {
    if (this.#ended) return;
    this.#ended = true;
    this.#env.clearTimeout(this.#timer);
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    this.#socket.close();
    this.#onEnd(code, reason);
  }

  /** @param {unknown} data */
  #heard(data) {
    this.#asked = false;
    this.#rest();
    if (typeof data !== "string") return;
    /** @type {ServerFrame} */
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      return this.end(1006, "not JSON");
    }
    this.welcomed = true;
    if (frame.type === "welcome" && frame.heartbeat_seconds > 0) this.#heartbeatMs = frame.heartbeat_seconds * 1_000;
    this.#onFrame(frame);
  }

  /** Schedules a ping after one heartbeat interval of silence. */
  #rest() {
    if (this.#ended) return;
    this.#env.clearTimeout(this.#timer);
    this.#timer = this.#env.setTimeout(() => this.check(), this.#heartbeatMs);
  }

  /** Ends the connection unless a frame arrives within `ms` milliseconds. @param {number} ms */
  #expect(ms) {
    this.#env.clearTimeout(this.#timer);
    this.#timer = this.#env.setTimeout(() => this.end(4002), ms);
  }
}
