/** Short notices, read out and gone after a while; some with a way back. */

/** @import { Text } from "./dom.js" */

import { h, icon, parts } from "./dom.js";

/** How long a notice stays, in milliseconds; with something to press, longer. */
const STAY_MS = 5_000;
const STAY_WITH_ACTION_MS = 9_000;
/** The oldest goes when there are more. */
const TOASTS_MAX = 4;

export class Toasts {
  element = h("div", { class: "toasts", role: "status", testid: "toasts" });

  /**
   * @param {Text} text
   * @param {{ kind?: "plain" | "good" | "bad", action?: string, onaction?: () => void, about?: string }} [how] `about`: the group, of which there is one notice, the latest
   */
  show(text, { kind = "plain", action, onaction, about } = {}) {
    if (about) this.settle(about);
    const close = () => {
      clearTimeout(timer);
      toast.remove();
    };
    const act = () => {
      close();
      onaction?.();
    };
    const toast = h(
      "div",
      { class: `toast ${kind}`, testid: "toast", "data-about": about },
      h("span", { class: "toast-text" }, ...parts(text)),
      action ? h("button", { type: "button", class: "link", testid: "toast-action", onclick: act }, action) : null,
      h("button", { type: "button", class: "bare small", "aria-label": "Dismiss", onclick: close }, icon("close")),
    );
    this.element.append(toast);
    while (this.element.children.length > TOASTS_MAX) this.element.firstElementChild?.remove();
    // Nothing vanishes under the pointer or the focus.
    const later = () => {
      if (toast.matches(":hover, :focus-within")) timer = window.setTimeout(later, 1_000);
      else close();
    };
    let timer = window.setTimeout(later, action ? STAY_WITH_ACTION_MS : STAY_MS);
  }

  /** What was said about a group is settled: it is looked at, or there is later news. @param {string} about */
  settle(about) {
    for (const toast of this.element.querySelectorAll(`[data-about="${about}"]`)) toast.remove();
  }

  /** @param {unknown} error */
  failed(error) {
    this.show(sentence(error), { kind: "bad" });
  }

  clear() {
    this.element.replaceChildren();
  }
}

/** @param {unknown} error */
export function sentence(error) {
  const text = error instanceof Error ? error.message : String(error);
  const first = text.charAt(0).toLocaleUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
