/** Toasts: short notices that screen readers announce and that disappear after a while; some have an action. */

/** @import { Text } from "./dom.js" */

import { h, icon, parts } from "./dom.js";

/** How long a toast stays, in milliseconds; longer if it has an action. */
const STAY_MS = 5_000;
const STAY_WITH_ACTION_MS = 9_000;
/** If there are more, the oldest is removed. */
const TOASTS_MAX = 4;

export class Toasts {
  element = h("div", { class: "toasts", role: "status", testid: "toasts" });

  /**
   * @param {Text} text
   * @param {{ kind?: "plain" | "good" | "bad", action?: string, onaction?: () => void, about?: string }} [how] `about`: a group id; a new toast about a group replaces the previous one
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
    // A toast does not disappear while it is hovered or focused.
    const later = () => {
      if (toast.matches(":hover, :focus-within")) timer = window.setTimeout(later, 1_000);
      else close();
    };
    let timer = window.setTimeout(later, action ? STAY_WITH_ACTION_MS : STAY_MS);
  }

  /** Removes the toasts about a group, because it was opened or there is newer information. @param {string} about */
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
