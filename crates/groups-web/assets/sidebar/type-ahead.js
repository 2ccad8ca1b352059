/** Letters go to the next name that begins with them, as in every list of the system. */

import { plain } from "./order.js";

/** Letters typed within so many milliseconds are one search. */
const PAUSE_MS = 700;

export class TypeAhead {
  #text = "";
  #at = -Infinity;

  /** Whether a search is under way, of which a space would be a part. @param {number} now milliseconds */
  searching(now) {
    return this.#text !== "" && now - this.#at < PAUSE_MS;
  }

  /**
   * One letter more: the index of the name that it leads to, or -1.
   * @param {string} letter
   * @param {readonly { name: string }[]} rows
   * @param {number} from where the keyboard is, or -1
   * @param {number} now milliseconds
   */
  type(letter, rows, from, now) {
    this.#text = (this.searching(now) ? this.#text : "") + letter.toLocaleLowerCase();
    this.#at = now;
    const letters = new Set(this.#text);
    // A first letter leaves the row, and so does the same one again; with further ones it may be the right one still.
    const first = Math.max(0, from + (letters.size === 1 ? 1 : 0));
    const text = plain(letters.size === 1 ? letter : this.#text);
    for (let step = 0; step < rows.length; step += 1) {
      const index = (first + step) % rows.length;
      if (plain(rows[index].name).startsWith(text)) return index;
    }
    return -1;
  }
}
