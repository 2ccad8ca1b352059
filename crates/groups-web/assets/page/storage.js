/** Browser storage. If the browser refuses it, values are kept in memory until the page closes. */

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
      // Storage is refused or full.
    }
  }
}

/** Permanent, shared by all tabs. */
export const forGood = new Kept("localStorage");

/** For this tab only; survives reloads. */
export const forTab = new Kept("sessionStorage");
