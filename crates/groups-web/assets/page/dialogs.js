/** Modal dialogs: one at a time. Escape closes them, and the focus returns to where it was. */

/** @import { Text } from "./dom.js" */

import { h, icon, parts } from "./dom.js";
import { sentence } from "./toasts.js";

/**
 * @typedef {object} DialogParts
 * @property {Text} title
 * @property {(Node | string | null)[]} content
 * @property {string} submit
 * @property {boolean} [danger]
 * @property {boolean} [cancel] `false`: there is nothing to cancel.
 * @property {string} testid
 * @property {() => Promise<unknown> | unknown} onsubmit The dialog closes when it succeeds. If it throws, the dialog stays open and shows the error.
 */

/**
 * @param {DialogParts} parts
 * @returns {Promise<boolean>} whether `onsubmit` succeeded
 */
export async function ask({ title, content, submit, danger = false, cancel: cancels = true, testid, onsubmit }) {
  const problem = h("p", { class: "problem", role: "alert", testid: "dialog-problem" });
  const button = h("button", { type: "submit", class: danger ? "danger" : "primary", testid: "dialog-submit" }, submit);
  let done = false;
  const submitted = async () => {
    if (button.disabled) return;
    button.disabled = true;
    problem.textContent = "";
    try {
      await onsubmit();
      done = true;
      close();
    } catch (error) {
      problem.textContent = sentence(error);
    } finally {
      button.disabled = false;
    }
  };
  const cancel = h("button", { type: "button", class: "quiet", testid: "dialog-cancel", onclick: () => close() }, "Cancel");
  const footer = h("footer", null, cancels ? cancel : null, button);
  const { close, closed } = show({ title, content: [...content, problem], footer, danger, testid, onsubmit: () => void submitted() });
  // For irreversible actions, a hasty Enter cancels.
  if (danger) cancel.focus();
  await closed;
  return done;
}

/**
 * Shows a dialog. The first field has the focus.
 * @param {{ title: Text, content: (Node | string | null)[], footer?: HTMLElement, danger?: boolean, testid: string, onsubmit?: () => void }} parts
 * @returns {{ close: () => void, closed: Promise<void> }}
 */
export function show({ title, content, footer, danger = false, testid, onsubmit }) {
  const close = () => dialog.close();
  const submitted = (/** @type {Event} */ event) => {
    event.preventDefault();
    onsubmit?.();
  };
  const dialog = h(
    "dialog",
    { class: "dialog", testid, "aria-labelledby": `${testid}-title` },
    h(
      "form",
      { onsubmit: submitted, noValidate: false },
      h(
        "header",
        null,
        h("h2", { id: `${testid}-title` }, ...parts(title)),
        h("button", { type: "button", class: "bare", "aria-label": "Close", onclick: close }, icon("close")),
      ),
      h("div", { class: "dialog-body" }, ...content),
      footer,
    ),
  );
  // A click on the backdrop closes the dialog; a drag that started inside does not.
  dialog.addEventListener("pointerdown", (event) => {
    if (event.target === dialog && !danger) close();
  });
  document.body.append(dialog);
  dialog.showModal();
  /** @type {HTMLElement | null} */ (dialog.querySelector(".dialog-body :is(input, select, textarea)"))?.focus();
  const closed = new Promise((/** @type {(value: void) => void} */ resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      // The element that had the focus may be gone. On a narrow screen the heading of the open group may be hidden too.
      for (const place of ["#main h1", "groups-sidebar"]) {
        if (document.activeElement === document.body) /** @type {HTMLElement | null} */ (document.querySelector(place))?.focus();
      }
      resolve();
    });
  });
  return { close, closed };
}

/**
 * Asks for confirmation of an irreversible action.
 * @param {{ title: Text, text: Text, submit: string, testid: string, onsubmit: () => Promise<unknown> }} parts
 */
export function confirm({ text, ...rest }) {
  return ask({ ...rest, danger: true, content: [h("p", null, ...parts(text))] });
}

/** A labelled field. @param {string} label @param {HTMLElement} field @param {string} [hint] */
export function field(label, field, hint) {
  field.id ||= `field-${label.toLowerCase().replace(/\W+/g, "-")}`;
  const described = hint ? h("span", { class: "hint", id: `${field.id}-hint` }, hint) : null;
  if (described) field.setAttribute("aria-describedby", described.id);
  return h("div", { class: "field" }, h("label", { htmlFor: field.id }, label), field, described);
}
