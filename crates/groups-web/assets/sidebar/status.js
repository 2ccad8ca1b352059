/**
 * The status line at the bottom of the sidebar: connection state, and a countdown to the next attempt.
 *
 * @import { Status } from "../client/link.js"
 * @import { Texts } from "./texts.js"
 * @import { Tree } from "./tree.js"
 */

import { say } from "./element.js";

/** Shown before there is a client. @type {Status} */
const NOTHING = { state: "connecting", reason: "" };

export class StatusLine {
  #dom;
  #timer = 0;
  /** When the next attempt is due, in the time of `performance.now()`. */
  #retryAt = 0;

  /** @param {Pick<Tree, "status" | "stateText" | "countdown">} dom */
  constructor(dom) {
    this.#dom = dom;
  }

  /** @param {Readonly<Status>} status @param {Texts} texts */
  show({ state, reason, retryInMs, transport } = NOTHING, texts) {
    const { status, stateText } = this.#dom;
    status.dataset.state = state;
    status.title = reason || (transport ?? "");
    say(stateText, texts[state === "signed-out" ? "signedOut" : state]);
    this.stop();
    this.#retryAt = performance.now() + (retryInMs ?? 0);
    this.#tick(texts);
    if (retryInMs) this.#timer = window.setInterval(() => this.#tick(texts), 1_000);
  }

  /** Stops the countdown. */
  stop() {
    clearInterval(this.#timer);
  }

  /** @param {Texts} texts */
  #tick(texts) {
    const seconds = Math.ceil((this.#retryAt - performance.now()) / 1_000);
    // A wait of one second is over before anybody reads the number.
    say(this.#dom.countdown, seconds > 1 ? texts.retryIn(seconds) : "");
    if (seconds <= 1) this.stop();
  }
}
