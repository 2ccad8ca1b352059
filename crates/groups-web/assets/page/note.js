/** A field for what somebody writes to admins: one line, as the server requires, in a box that shows all of it. */

import { field } from "./dialogs.js";
import { h } from "./dom.js";

/** The limit of the contract, in characters. */
const NOTE_CHARS_MAX = 500;

/**
 * @param {{ id: string, testid: string, label: string, hint?: string, onEnter?: () => void }} parts `onEnter`. Default: Enter submits the form.
 */
export function noteField({ id, testid, label, hint, onEnter }) {
  const onkeydown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    if (onEnter) onEnter();
    else input.form?.requestSubmit();
  };
  const input = h("textarea", { id, testid, rows: 2, maxLength: NOTE_CHARS_MAX, onkeydown });
  // Lines come from the clipboard.
  const value = () => input.value.replace(/\s+/g, " ").trim() || undefined;
  return { input, element: field(label, input, hint), value };
}
