/**
 * The jobs that were started or looked up in this view, with their progress.
 *
 * @import { OperatorApi } from "./api.js"
 */

import { h, sayText } from "../page/dom.js";
import { sentence } from "../page/toasts.js";

/** How often the progress of a running job is read, in milliseconds. */
const LOOK_MS = 1_000;
/** If there are more, the oldest is removed from the view; it continues on the server. */
const JOBS_MAX = 20;

export class Jobs {
  #api;
  #list = h("ul", { class: "operator-list", "aria-label": "Jobs" });
  #closed = false;
  element = h("div", { class: "operator-jobs", hidden: true }, h("h2", null, "Jobs"), this.#list);

  /** @param {OperatorApi} api */
  constructor(api) {
    this.#api = api;
  }

  close() {
    this.#closed = true;
  }

  /** Fails if there is no such job. @param {string} jobId @param {string} title */
  async follow(jobId, title) {
    const first = await this.#api.job(jobId);
    const bar = h("progress", { "aria-label": title });
    const text = h("span", { class: "hint", role: "status" });
    const row = h("li", { class: "operator-job", testid: "operator-job", title: jobId }, h("span", { class: "name" }, title), bar, text);
    this.#list.prepend(row);
    while (this.#list.children.length > JOBS_MAX) this.#list.lastElementChild?.remove();
    this.element.hidden = false;
    const show = (/** @type {typeof first} */ { state, done, total, reason }) => {
      row.dataset.state = state;
      bar.max = Math.max(total, 1);
      bar.value = state === "done" ? bar.max : done;
      sayText(text, state === "done" ? "Done." : state === "failed" ? `Failed: ${reason ?? "unknown reason"}` : `${done} of ${total}`);
      if (state !== "running") return;
      setTimeout(() => void look(), LOOK_MS);
    };
    const look = async () => {
      if (this.#closed || !row.isConnected) return;
      try {
        show(await this.#api.job(jobId));
      } catch (error) {
        row.dataset.state = "unknown";
        sayText(text, sentence(error));
      }
    };
    show(first);
  }
}
