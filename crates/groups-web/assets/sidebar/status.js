/**
 * The line at the foot of the sidebar: how the connection is, and when the next try is due.
 *
 * @import { Status } from "../client/link.js"
 * @import { Texts } from "./texts.js"
 * @import { Tree } from "./tree.js"
 */

import { say } from "./element.js";

/** Before there is a client. @type {Status} */
const NOTHING = { state: "connecting", reason: "" };

export class StatusLine {
  #dom;
  #timer = 0;
  /** When the next try is due. */
  #retryAt = 0;

  /** @param {Pick<Tree, "status" | "stateText" | "countdown">} dom */
  constructor(dom) {
    this.#dom = dom;
  }

  /** @param {Readonly<Status>} status @param {Texts} texts */
  show({ state, reason, retryInMs } = NOTHING, texts) {
    const { status, stateText } = this.#dom;
    status.dataset.state = state;
    status.title = reason;
    say(stateText, texts[state === "signed-out" ? "signedOut" : state]);
    this.stop();
    this.#retryAt = performance.now() + (retryInMs ?? 0);
    this.#tick(texts);
    if (retryInMs) this.#timer = window.setInterval(() => this.#tick(texts), 1_000);
  }

  /** Counts no further. */
  stop() {
    clearInterval(this.#timer);
  }

  /** @param {Texts} texts */
  #tick(texts) {
    const seconds = Math.ceil((this.#retryAt - performance.now()) / 1_000);
    // A wait that is over before it is read is not worth a number.
    say(this.#dom.countdown, seconds > 1 ? texts.retryIn(seconds) : "");
    if (seconds <= 1) this.stop();
  }
}
