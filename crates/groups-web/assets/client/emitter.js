/** A typed event emitter without the DOM. */

/** @typedef {{ listener: (detail: any, name: any) => void, off: () => void, call: (detail: any, name: any) => void }} Entry */

/**
 * @template {Record<string, any>} Events
 */
export class Emitter {
  /** @type {Map<keyof Events | "*", Set<Entry>>} */
  #listeners = new Map();

  /**
   * Calls `listener` for each event of that name, until it is removed or `signal` is aborted. `"*"` matches every event.
   * @template {keyof Events} Name
   * @param {Name | "*"} name
   * @param {(detail: Events[Name], name: Name) => void} listener
   * @param {{ signal?: AbortSignal, once?: boolean }} [options]
   * @returns {() => void} removes the listener
   */
  on(name, listener, { signal, once = false } = {}) {
    if (signal?.aborted) return () => {};
    const set = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, set);
    const off = () => {
      set.delete(entry);
      signal?.removeEventListener("abort", off);
      if (set.size === 0 && this.#listeners.get(name) === set) this.#listeners.delete(name);
    };
    /** @type {Entry} */
    const entry = {
      listener,
      off,
      call(detail, event) {
        if (once) off();
        listener(detail, event);
      },
    };
    set.add(entry);
    signal?.addEventListener("abort", off, { once: true });
    return off;
  }

  /**
   * @template {keyof Events} Name
   * @param {Name | "*"} name
   * @param {(detail: Events[Name], name: Name) => void} listener
   * @param {{ signal?: AbortSignal }} [options]
   * @returns {() => void}
   */
  once(name, listener, options) {
    return this.on(name, listener, { ...options, once: true });
  }

  /**
   * Removes `listener`, however often it was added.
   * @template {keyof Events} Name
   * @param {Name | "*"} name
   * @param {(detail: Events[Name], name: Name) => void} listener
   */
  off(name, listener) {
    for (const entry of [...(this.#listeners.get(name) ?? [])]) {
      if (entry.listener === listener) entry.off();
    }
  }

  /**
   * Calls all listeners. An exception in one is reported and does not affect the others.
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {Events[Name]} detail
   * @protected
   */
  emit(name, detail) {
    for (const key of [name, /** @type {const} */ ("*")]) {
      for (const entry of [...(this.#listeners.get(key) ?? [])]) {
        try {
          entry.call(detail, name);
        } catch (error) {
          globalThis.reportError ? globalThis.reportError(error) : queueMicrotask(() => { throw error; });
        }
      }
    }
  }
}
