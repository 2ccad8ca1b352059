/**
 * A section of the access panel: a heading, actions, and a list that is loaded page by page.
 *
 * @import { AccessRows } from "./rows.js"
 */

import { h, say } from "../dom.js";

/** @template Row */
export class Section {
  #rows;
  #keyOf;
  #draw;
  #none;
  /** The drawn rows, by key. @type {Map<string, { element: HTMLElement, drawn: string }>} */
  #drawn = new Map();
  #list;
  #state = h("p", { class: "hint", role: "status" });
  #more;
  #heading;
  element;

  /**
   * @param {object} parts
   * @param {string} parts.title
   * @param {string} parts.testid Of the list; the button below it has `…-more`.
   * @param {string} parts.none Shown if the list is empty.
   * @param {HTMLElement[]} [parts.actions]
   * @param {AccessRows<Row>} parts.rows
   * @param {(row: Row) => string} parts.keyOf
   * @param {(row: Row) => HTMLElement} parts.draw Called again only if the row has changed.
   */
  constructor({ title, testid, none, actions = [], rows, keyOf, draw }) {
    this.#rows = rows;
    this.#keyOf = keyOf;
    this.#draw = draw;
    this.#none = none;
    this.#heading = h("h2", { tabIndex: -1 }, title);
    this.#list = h("ul", { class: "members access-list", testid, "aria-label": title });
    this.#more = h("button", { type: "button", class: "quiet small", testid: `${testid}-more`, hidden: true, onclick: () => void this.#next() });
    const head = h("div", { class: "access-head" }, this.#heading, h("div", { class: "access-actions" }, ...actions));
    this.element = h("section", { class: "access-section", "aria-label": title }, head, this.#list, this.#state, this.#more);
  }

  /** Draws the rows that have changed. The focus stays in its row; if the row is gone, it moves to the next one. */
  draw() {
    const { rows, loaded, error, more } = this.#rows;
    const focus = this.#focus();
    const before = this.#drawn;
    this.#drawn = new Map();
    for (const row of rows) {
      const key = this.#keyOf(row);
      const drawn = JSON.stringify(row);
      const known = before.get(key);
      this.#drawn.set(key, known?.drawn === drawn ? known : { element: this.#draw(row), drawn });
    }
    const elements = [...this.#drawn.values()].map(({ element }) => element);
    const isSame = elements.length === this.#list.children.length && elements.every((element, index) => this.#list.children[index] === element);
    if (!isSame) this.#list.replaceChildren(...elements);
    this.#more.hidden = !more && !error;
    this.#more.textContent = error ? "Try again" : "Show more";
    say(this.#state, error ? `Could not load this list: ${error instanceof Error ? error.message : error}` : !loaded ? "Loading…" : rows.length === 0 ? this.#none : "");
    this.#state.hidden = !this.#state.textContent;
    this.#restore(focus);
  }

  /** Draws all rows again, because they depend on something else, such as the time. */
  redraw() {
    this.#drawn.clear();
    this.draw();
  }

  async #next() {
    const count = this.#list.children.length;
    await (this.#rows.error ? this.#rows.load() : this.#rows.next());
    // The button may be hidden now and lose the focus.
    /** @type {HTMLElement | null | undefined} */ (this.#list.children[count]?.querySelector("button, select"))?.focus();
  }

  /** Where the focus is in the list. */
  #focus() {
    const active = document.activeElement;
    if (!(active instanceof HTMLElement) || !this.#list.contains(active)) return null;
    return { active, index: [...this.#list.children].findIndex((row) => row.contains(active)), testid: active.dataset.testid };
  }

  /** @param {{ active: HTMLElement, index: number, testid: string | undefined } | null} before */
  #restore(before) {
    if (!before || this.#list.contains(before.active)) return before?.active.focus();
    const row = this.#list.children[Math.min(before.index, this.#list.children.length - 1)];
    const same = /** @type {HTMLElement | null | undefined} */ (row?.querySelector(`[data-testid="${before.testid}"]`));
    (same ?? this.#heading).focus();
  }
}
