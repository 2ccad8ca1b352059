/** Text of the documents: paragraphs, with code between backticks. */

import { h } from "../page/dom.js";

/** The text with its code. @param {string} text @returns {(Node | string)[]} */
export function inline(text) {
  return text.split("`").map((part, index) => (index % 2 === 1 ? h("code", null, part) : part));
}

/** @param {string | undefined} text */
export function paragraphs(text) {
  const blocks = (text ?? "").split(/\n\n+/).filter(Boolean);
  return blocks.map((block) => h("p", null, ...inline(block)));
}

/** An example, or anything else in JSON. @param {unknown} value */
export function json(value) {
  return h("pre", null, JSON.stringify(value, null, 2));
}

/**
 * A table with a caption for screen readers.
 * @param {string} caption
 * @param {string[]} heads
 * @param {(Node | string)[][]} rows
 */
export function table(caption, heads, rows) {
  const head = h("tr", null, ...heads.map((text) => h("th", { scope: "col" }, text)));
  const body = rows.map(([first, ...rest]) =>
    h("tr", null, h("th", { scope: "row" }, first), ...rest.map((cell) => h("td", null, cell))));
  return h("table", null, h("caption", null, caption), h("thead", null, head), h("tbody", null, ...body));
}

/**
 * An entry that opens. Its text is what the filter looks at.
 * @param {string} id
 * @param {(Node | string)[]} summary
 * @param {() => (Node | string)[]} content created when it is first opened
 */
export function entry(id, summary, content) {
  const details = h("details", { id, class: "entry" }, h("summary", null, ...summary));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(h("div", { class: "entry-body" }, ...content()));
  });
  return details;
}
