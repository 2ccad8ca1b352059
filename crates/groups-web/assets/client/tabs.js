/**
 * One connection for several tabs: the tab that holds the lock is the leader. It holds the connection and forwards every frame to the followers.
 *
 * Messages are numbered. A follower that detects a gap requests the complete state. A follower that has received nothing for a
 * while pings the leader, because a tab at a breakpoint or in `alert` is silent but keeps its lock. If the leader does not answer,
 * a follower steals the lock; the former leader becomes a follower when it runs again. From the last message to the takeover it
 * takes {@link SILENCE_MS_MAX} plus {@link QUESTIONS_MAX} times {@link ANSWER_MS_MAX}: 14.5 seconds.
 *
 * @import { ClientFrame, ServerFrame } from "../../types/wire.js"
 * @import { Env } from "./env.js"
 * @import { Status } from "./link.js"
 */

/** After this many milliseconds without a message from the leader, followers ping it. */
export const SILENCE_MS_MAX = 10_000;
/** How long a follower waits for an answer from the leader, in milliseconds, and how often it asks. */
export const ANSWER_MS_MAX = 1_500;
export const QUESTIONS_MAX = 3;
/** The minimum time between two takeovers by one tab, in milliseconds: two tabs that cannot hear each other must not alternate. */
export const STEAL_MS_MIN = 60_000;

/**
 * @typedef {{ kind: "hello", from: string }
 *   | { kind: "ping", from: string }
 *   | { kind: "wake", from: string }
 *   | { kind: "cut", from: string, ms: number }
 *   | { kind: "send", from: string, frame: ClientFrame }
 *   | { kind: "lead", lead: string }
 *   | { kind: "beat", lead: string, seq: number }
 *   | { kind: "state", lead: string, to: string, seq: number, state: any, status: Status }
 *   | { kind: "frame", lead: string, seq: number, frame: ServerFrame }
 *   | { kind: "status", lead: string, seq: number, status: Status }
 *   | { kind: "opening", lead: string, seq: number }} Message
 */

/**
 * @typedef {object} Handlers
 * @property {() => void} onLead This tab has become the leader.
 * @property {() => void} onDeposed This tab is no longer the leader.
 * @property {() => void} onAlone The browser refuses locks or channels here, as in a sandboxed frame: this tab needs its own connection.
 * @property {() => any} exportState The state for another tab.
 * @property {(state: any) => void} importState
 * @property {(frame: ServerFrame) => void} onFrame
 * @property {(status: Status) => void} onStatus
 * @property {() => void} onOpening The leader is about to connect.
 * @property {() => Status} status
 * @property {(message: { kind: "wake" } | { kind: "cut", ms: number } | { kind: "send", frame: ClientFrame }) => void} onRequest A request from a follower.
 */

export class Tabs {
  #env;
  #name;
  #handlers;
  #id;
  /** @type {BroadcastChannel | null} */
  #channel = null;
  #leading = false;
  #seq = 0;
  /** The current leader, and the number of its last message. */
  #lead = "";
  #heard = -1;
  #asked = 0;
  #stealAfter = -Infinity;
  /** @type {any} */
  #timer = null;
  /** @type {any} */
  #retryTimer = null;
  /** @type {any} */
  #silenceTimer = null;
  /** @type {(() => void) | null} */
  #release = null;
  /** @type {AbortController | null} */
  #queue = null;

  /** Whether the environment supports sharing. @param {Env} env */
  static possible(env) {
    return Boolean(env.locks && env.BroadcastChannel);
  }

  /** @param {Env} env @param {string} name Tabs with the same name share a connection. @param {Handlers} handlers */
  constructor(env, name, handlers) {
    this.#env = env;
    this.#name = name;
    this.#handlers = handlers;
    this.#id = env.newId();
  }

  get leading() {
    return this.#leading;
  }

  join() {
    const Channel = /** @type {NonNullable<Env["BroadcastChannel"]>} */ (this.#env.BroadcastChannel);
    try {
      this.#channel = new Channel(this.#name);
    } catch {
      return this.#handlers.onAlone();
    }
    this.#channel.onmessage = ({ data }) => this.#hear(data);
    this.#queueUp({});
    this.#hello();
  }

  leave() {
    this.#queue?.abort();
    this.#queue = null;
    this.#stepDown();
    this.#clearTimers();
    if (this.#channel) {
      this.#channel.onmessage = null;
      this.#channel.close();
      this.#channel = null;
    }
  }

  /** Sends a message from the leader to all followers. @param {{ kind: "frame", frame: ServerFrame } | { kind: "status", status: Status } | { kind: "opening" }} message */
  tell(message) {
    if (!this.#leading) return;
    this.#seq += 1;
    const told = message.kind === "status" ? { ...message, status: plainly(message.status) } : message;
    this.#post({ ...told, lead: this.#id, seq: this.#seq });
  }

  /** Sends a request to the leader. @param {{ kind: "wake" } | { kind: "cut", ms: number } | { kind: "send", frame: ClientFrame }} message */
  ask(message) {
    this.#post({ ...message, from: this.#id });
  }

  /** Requests the leader's state after a missed message. */
  resync() {
    if (!this.#leading) this.#hello();
  }

  /** This tab has become visible: checks that the leader is alive and the state is current. */
  wake() {
    this.ask({ kind: "wake" });
    this.resync();
  }

  /** @param {LockOptions} how */
  #queueUp(how) {
    const locks = /** @type {LockManager} */ (this.#env.locks);
    this.#queue?.abort();
    const queue = new AbortController();
    this.#queue = queue;
    const options = how.steal ? how : { ...how, signal: queue.signal };
    let granted = false;
    locks
      .request(this.#name, options, () => {
        if (this.#queue !== queue) return undefined;
        granted = true;
        return new Promise((release) => {
          this.#release = () => release(undefined);
          this.#takeOver();
        });
      })
      .catch(() => {
        // The request was aborted, refused, or the lock was stolen.
        if (this.#queue !== queue || queue.signal.aborted) return;
        if (!granted) return this.#handlers.onAlone();
        this.#stepDown();
        this.#handlers.onDeposed();
        this.#queueUp({});
        this.#hello();
      });
  }

  #takeOver() {
    this.#leading = true;
    this.#clearTimers();
    this.#post({ kind: "lead", lead: this.#id });
    this.#handlers.onLead();
  }

  #stepDown() {
    this.#leading = false;
    this.#release?.();
    this.#release = null;
  }

  #clearTimers() {
    for (const timer of [this.#timer, this.#retryTimer, this.#silenceTimer]) this.#env.clearTimeout(timer);
  }

  /** Requests the leader's state. If there is no answer, this tab takes over. */
  #hello() {
    this.#asked = 0;
    this.#askAgain("hello");
  }

  /** The leader is alive: restarts the silence timer. */
  #alive() {
    this.#env.clearTimeout(this.#timer);
    this.#env.clearTimeout(this.#silenceTimer);
    this.#silenceTimer = this.#env.setTimeout(() => {
      this.#asked = 0;
      // A ping has a small answer; the answer to a hello is the complete state.
      this.#askAgain("ping");
    }, SILENCE_MS_MAX);
  }

  /** @param {"hello" | "ping"} question */
  #askAgain(question) {
    this.#env.clearTimeout(this.#timer);
    if (this.#leading || !this.#channel) return;
    if (question === "hello") this.#heard = -1;
    if (this.#asked >= QUESTIONS_MAX) {
      if (this.#env.now() >= this.#stealAfter) {
        this.#stealAfter = this.#env.now() + STEAL_MS_MIN;
        return this.#queueUp({ steal: true });
      }
      // The list may be outdated, so the state must not be `live`.
      this.#handlers.onStatus({ state: "reconnecting", reason: "The tab that holds the connection does not respond" });
    }
    this.#asked += 1;
    this.#post({ kind: question, from: this.#id });
    // Tabs of an earlier release do not support `ping`, so ask with `hello` next.
    this.#timer = this.#env.setTimeout(() => this.#askAgain("hello"), ANSWER_MS_MAX);
  }

  /** @param {Message} message */
  #hear(message) {
    if (this.#leading) this.#hearAsLeader(message);
    else this.#hearAsFollower(message);
  }

  /** @param {Message} message */
  #hearAsLeader(message) {
    switch (message.kind) {
      case "hello":
        this.#post({
          kind: "state",
          lead: this.#id,
          to: message.from,
          seq: this.#seq,
          state: this.#handlers.exportState(),
          status: plainly(this.#handlers.status()),
        });
        break;
      case "ping":
        this.#post({ kind: "beat", lead: this.#id, seq: this.#seq });
        break;
      case "wake":
      case "cut":
      case "send":
        this.#handlers.onRequest(message);
        break;
    }
  }

  /** @param {Message} message */
  #hearAsFollower(message) {
    switch (message.kind) {
      case "lead":
        this.#hello();
        break;
      case "state":
        if (message.to !== this.#id) break;
        this.#alive();
        this.#lead = message.lead;
        this.#heard = message.seq;
        this.#handlers.importState(message.state);
        this.#status(message.status);
        break;
      case "beat":
        if (this.#heard < 0) break;
        if (message.lead === this.#lead && message.seq === this.#heard) this.#alive();
        else this.#hello();
        break;
      case "frame":
      case "status":
      case "opening":
        // Ignore messages until the state has arrived; it will include them.
        if (this.#heard < 0) break;
        if (message.lead !== this.#lead || message.seq !== this.#heard + 1) {
          this.#hello();
          break;
        }
        this.#heard = message.seq;
        this.#alive();
        if (message.kind === "frame") this.#handlers.onFrame(message.frame);
        else if (message.kind === "status") this.#status(message.status);
        else this.#handlers.onOpening();
        break;
    }
  }

  /**
   * Browsers throttle the timers of a hidden leader but not its messages, so a visible follower wakes it when the next attempt is due.
   * @param {Status} status
   */
  #status(status) {
    this.#env.clearTimeout(this.#retryTimer);
    if (status.retryInMs !== undefined) {
      const remind = () => this.#env.isVisible() && this.ask({ kind: "wake" });
      this.#retryTimer = this.#env.setTimeout(remind, status.retryInMs + 250);
    }
    this.#handlers.onStatus(status);
  }

  /** @param {Message} message */
  #post(message) {
    this.#channel?.postMessage(message);
  }
}

/** Removes `cause`: an exception can be any value, and not every value can be sent to another tab. @param {Readonly<Status>} status @returns {Status} */
function plainly({ cause: _, ...status }) {
  return status;
}
