/** A row about a person: face, name, some facts, and what can be done. */

import { h, named } from "../dom.js";
import { face } from "../picker.js";

/**
 * @param {{ userId: string, name: string, testid: string, facts: (Node | string)[], note?: string, actions: HTMLElement[] }} parts `note`: what somebody has written
 */
export function personRow({ userId, name, testid, facts, note, actions }) {
  return h(
    "li",
    { class: "member access-row", testid, "data-user-id": userId },
    face(userId, name),
    h(
      "div",
      { class: "member-name" },
      named(name, { class: "name", title: userId }),
      h("span", { class: "joined" }, ...facts),
      note ? h("p", { class: "note", dir: "auto" }, note) : null,
    ),
    h("div", { class: "row-actions" }, ...actions),
  );
}

/**
 * A button that runs an action once at a time.
 * @param {{ testid: string, text: string, label: string, look?: string, onError: (error: unknown) => void, action: () => Promise<unknown> }} parts `label`: what screen readers say
 */
export function rowButton({ testid, text, label, look = "quiet small", onError, action }) {
  const run = async () => {
    if (button.ariaDisabled === "true") return;
    // A disabled button would lose the focus.
    button.ariaDisabled = "true";
    try {
      await action();
    } catch (error) {
      onError(error);
    } finally {
      button.ariaDisabled = null;
    }
  };
  const button = h("button", { type: "button", class: look, testid, "aria-label": label, onclick: () => void run() }, text);
  return button;
}
