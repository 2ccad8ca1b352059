/** Coalesces requests into one call in the next animation frame. */

/** Upper bound on the delay, in milliseconds. A hidden page gets no animation frames. */
const FRAME_MS_MAX = 120;

export class NextFrame {
  #call;
  #frame = 0;
  #timer = 0;

  /** @param {() => void} call */
  constructor(call) {
    this.#call = call;
  }

  ask() {
    if (this.#timer) return;
    const due = () => {
      this.cancel();
      this.#call();
    };
    this.#frame = requestAnimationFrame(due);
    this.#timer = window.setTimeout(due, FRAME_MS_MAX);
  }

  cancel() {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    this.#frame = 0;
    this.#timer = 0;
  }
}
