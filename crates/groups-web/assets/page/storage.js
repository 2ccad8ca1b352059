/** What the page keeps in the browser. Where the browser refuses that, it is kept for as long as the page is open. */

class Kept {
  #area;
  /** @type {Map<string, string>} */
  #here = new Map();

  /** @param {"localStorage" | "sessionStorage"} area */
  constructor(area) {
    this.#area = area;
  }

  /** @param {string} key @returns {string | null} */
  get(key) {
    try {
      return globalThis[this.#area].getItem(key);
    } catch {
      return this.#here.get(key) ?? null;
    }
  }

  /** @param {string} key @param {string | null} value `null` removes it */
  set(key, value) {
    if (value === null) this.#here.delete(key);
    else this.#here.set(key, value);
    try {
      if (value === null) globalThis[this.#area].removeItem(key);
      else globalThis[this.#area].setItem(key, value);
    } catch {
      // Refused, or full.
    }
  }
}

/** For every visit, in every tab. */
export const forGood = new Kept("localStorage");

/** For this tab, through its reloads. */
export const forTab = new Kept("sessionStorage");
