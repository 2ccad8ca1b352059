/** Type-ahead: letters move to the next name that starts with them, as in native lists. */

import { plain } from "./order.js";

/** Letters typed within this many milliseconds belong to one search. */
const PAUSE_MS = 700;

export class TypeAhead {
  #text = "";
  #at = -Infinity;

  /** Whether a search is in progress, so that a space belongs to it. @param {number} now milliseconds */
  searching(now) {
    return this.#text !== "" && now - this.#at < PAUSE_MS;
  }

  /**
   * Adds one letter and returns the index of the matching name, or -1.
   * @param {string} letter
   * @param {readonly { name: string }[]} rows
   * @param {number} from the active row, or -1
   * @param {number} now milliseconds
   */
  type(letter, rows, from, now) {
    this.#text = (this.searching(now) ? this.#text : "") + letter.toLocaleLowerCase();
    this.#at = now;
    const letters = new Set(this.#text);
    // The first letter, or the same letter again, moves on to the next row. Further letters may keep the current one.
    const first = Math.max(0, from + (letters.size === 1 ? 1 : 0));
    const text = plain(letters.size === 1 ? letter : this.#text);
    for (let step = 0; step < rows.length; step += 1) {
      const index = (first + step) % rows.length;
      if (plain(rows[index].name).startsWith(text)) return index;
    }
    return -1;
  }
}
