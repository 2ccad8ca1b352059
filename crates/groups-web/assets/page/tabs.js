/**
 * A strip of tabs (ARIA Authoring Practices, pattern "tabs"): arrow keys move between them, and the panel changes at once.
 */

import { h } from "./dom.js";

export class TabStrip {
  /** @type {Map<string, HTMLButtonElement>} */
  #tabs = new Map();
  #onSelect;
  selected = "";
  element;

  /**
   * @param {object} parts
   * @param {string} parts.label
   * @param {{ name: string, panel: HTMLElement, content: (Node | string)[] }[]} parts.tabs
   * @param {(name: string) => void} parts.onSelect
   */
  constructor({ label, tabs, onSelect }) {
    this.#onSelect = onSelect;
    for (const { name, panel, content } of tabs) {
      panel.id = `panel-${name}`;
      const tab = h(
        "button",
        { type: "button", class: "tab", role: "tab", id: `tab-${name}`, testid: `tab-${name}`, "aria-controls": panel.id, onclick: () => this.select(name) },
        ...content,
      );
      this.#tabs.set(name, tab);
    }
    this.element = h("div", { class: "tabs", role: "tablist", "aria-label": label, onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event) }, ...this.#tabs.values());
  }

  /** @param {string} name */
  select(name) {
    for (const [other, tab] of this.#tabs) {
      tab.setAttribute("aria-selected", String(other === name));
      tab.tabIndex = other === name ? 0 : -1;
    }
    if (this.selected === name) return;
    this.selected = name;
    this.#onSelect(name);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const names = [...this.#tabs.keys()];
    const at = names.indexOf(this.selected);
    const rtl = getComputedStyle(this.element).direction === "rtl";
    const step = rtl ? -1 : 1;
    const to = { ArrowRight: at + step, ArrowLeft: at - step, Home: 0, End: names.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const name = names[(to + names.length) % names.length];
    this.select(name);
    this.#tabs.get(name)?.focus();
  }
}
