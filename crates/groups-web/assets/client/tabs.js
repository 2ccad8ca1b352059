/**
 * One socket for several tabs: whoever holds the lock is the leader and has the socket; it passes every frame on to the others.
 *
 * A tab that missed a message sees it by the numbers and asks for the whole state. One that has heard nothing for a while asks whether the
 * leader is still there, because a tab at a breakpoint or in `alert` says nothing and keeps its lock. A leader that does not answer is
 * deposed: the lock is stolen, and the deposed one, once it stirs again, follows. From its last word to the theft pass
 * {@link SILENCE_MS_MAX} and {@link QUESTIONS_MAX} times {@link ANSWER_MS_MAX}: 14.5 seconds.
 *
 * @import { ClientFrame, ServerFrame } from "../../types/wire.js"
 * @import { Env } from "./env.js"
 * @import { Status } from "./link.js"
 */

/** After so many milliseconds without a word of the leader, those who follow ask whether it is there. */
export const SILENCE_MS_MAX = 10_000;
/** How long a question to the leader may go unanswered, in milliseconds, and how often it is asked. */
export const ANSWER_MS_MAX = 1_500;
export const QUESTIONS_MAX = 3;
/** One tab deposes leaders no more often than that, in milliseconds: two that cannot hear each other do not take turns. */
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
 * @property {() => void} onLead This tab is the leader now.
 * @property {() => void} onDeposed It is no more.
 * @property {() => void} onAlone The browser has locks and channels, and refuses them here, as in a frame without an origin: this tab is on its own.
 * @property {() => any} exportState For another tab.
 * @property {(state: any) => void} importState
 * @property {(frame: ServerFrame) => void} onFrame
 * @property {(status: Status) => void} onStatus
 * @property {() => void} onOpening The leader is about to connect.
 * @property {() => Status} status
 * @property {(message: { kind: "wake" } | { kind: "cut", ms: number } | { kind: "send", frame: ClientFrame }) => void} onRequest Another tab asks the leader.
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
  /** The leader that is followed, and the number of its last message. */
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

  /** Whether the surroundings allow it. @param {Env} env */
  static possible(env) {
    return Boolean(env.locks && env.BroadcastChannel);
  }

  /** @param {Env} env @param {string} name The same for those tabs that share. @param {Handlers} handlers */
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

  /** From the leader to all others. @param {{ kind: "frame", frame: ServerFrame } | { kind: "status", status: Status } | { kind: "opening" }} message */
  tell(message) {
    if (!this.#leading) return;
    this.#seq += 1;
    const told = message.kind === "status" ? { ...message, status: plainly(message.status) } : message;
    this.#post({ ...told, lead: this.#id, seq: this.#seq });
  }

  /** To the leader. @param {{ kind: "wake" } | { kind: "cut", ms: number } | { kind: "send", frame: ClientFrame }} message */
  ask(message) {
    this.#post({ ...message, from: this.#id });
  }

  /** Something of the leader's was missed here: asks for its state. */
  resync() {
    if (!this.#leading) this.#hello();
  }

  /** This tab is seen again: is all as the leader has it, and is the leader there? */
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
        // Left the queue of one's own will, was refused at its door, or was deposed.
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

  /** Asks the leader for its state; whoever gets no answer deposes it. */
  #hello() {
    this.#asked = 0;
    this.#askAgain("hello");
  }

  /** The leader has said something: it is there. */
  #alive() {
    this.#env.clearTimeout(this.#timer);
    this.#env.clearTimeout(this.#silenceTimer);
    this.#silenceTimer = this.#env.setTimeout(() => {
      this.#asked = 0;
      // Its answer is a word, where that to a hello is all that it knows.
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
      // What is shown may be outdated, and that is not to be called live.
      this.#handlers.onStatus({ state: "reconnecting", reason: "The tab with the connection does not answer" });
    }
    this.#asked += 1;
    this.#post({ kind: question, from: this.#id });
    // Tabs of an earlier release know no ping.
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
        // Before the state is here nothing else is of use: it will contain this.
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
   * A hidden leader's timers are held back by the browser, a message is not: who is seen reminds it when the next try is due.
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

/** Without its cause: what is thrown may be anything, and not everything can be sent to another tab. @param {Readonly<Status>} status @returns {Status} */
function plainly({ cause: _, ...status }) {
  return status;
}
