/**
 * One WebSocket, from opening to its end: frames, heartbeat, and the certainty that the end is told exactly once.
 *
 * @import { ClientFrame, ServerFrame } from "../../types/wire.js"
 * @import { Env } from "./env.js"
 */

/** The characters of a subprotocol (RFC 6455 section 4.1), of which every token of a JSON Web Token is made. */
const SUBPROTOCOL = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * Why `new WebSocket` has thrown, for people. It does so before anything goes over the network, and would again: trying again does not help.
 * @param {unknown} error
 * @param {Env} env
 * @param {string} token
 * @returns {{ state: "offline" | "signed-out", reason: string }}
 */
export function unopened(error, env, token) {
  const name = error instanceof Error ? error.name : "";
  if (!env.WebSocket) return { state: "offline", reason: "There is no WebSocket here: use a browser, or Node.js 22 or later" };
  if (!SUBPROTOCOL.test(token)) return { state: "signed-out", reason: "The token is malformed: it has characters that a JSON Web Token does not have" };
  if (name === "SecurityError") return { state: "offline", reason: "The browser does not allow this connection: a page with https: needs a server with https:" };
  if (name === "SyntaxError") return { state: "offline", reason: "The address of the server is not one for a WebSocket" };
  return { state: "offline", reason: `The connection cannot be opened: ${error instanceof Error ? error.message : String(error)}` };
}

/** How long the first frame may take, and the answer to a ping, in milliseconds. */
export const WELCOME_MS_MAX = 15_000;
export const PONG_MS_MAX = 8_000;
/** The beat until the server says otherwise, in milliseconds. */
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
  /** Whether an answer to a ping is awaited. */
  #asked = false;
  /** Whether the server has said anything. */
  welcomed = false;

  /**
   * @param {object} parts
   * @param {Env} parts.env
   * @param {string} parts.url
   * @param {string} parts.token
   * @param {(frame: ServerFrame) => void} parts.onFrame
   * @param {(code: number, reason: string) => void} parts.onEnd Called once, and nothing after it.
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

  /** Asks whether the other side is still there: a laptop that slept does not know. */
  check() {
    // Asking again must not give a dead line more time.
    if (!this.welcomed || this.#ended || this.#asked) return;
    this.#asked = true;
    this.send({ type: "ping" });
    this.#expect(PONG_MS_MAX);
  }

  /** Ends it from this side. The far end of a dead line never answers a goodbye, so it is not waited for. @param {number} code @param {string} [reason] */
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

  /** All is well: after a beat of silence, ask. */
  #rest() {
    if (this.#ended) return;
    this.#env.clearTimeout(this.#timer);
    this.#timer = this.#env.setTimeout(() => this.check(), this.#heartbeatMs);
  }

  /** Within so many milliseconds something has to be heard. @param {number} ms */
  #expect(ms) {
    this.#env.clearTimeout(this.#timer);
    this.#timer = this.#env.setTimeout(() => this.end(4002), ms);
  }
}
