/**
 * The display names that this page has seen. Answers and events bring them; nothing is requested for them.
 *
 * @import { GroupEvent } from "../../types/wire.js"
 */

/** If there are more names, the one that was learned longest ago is forgotten. */
export const NAMES_MAX = 10_000;

export class Names {
  /** @type {Map<string, string>} */
  #known = new Map();

  /** @param {Iterable<{ user_id: string, name?: string }>} people */
  learn(people) {
    for (const { user_id, name } of people) {
      if (!name) continue;
      this.#known.delete(user_id);
      this.#known.set(user_id, name);
    }
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= NAMES_MAX) break;
      this.#known.delete(oldest);
    }
  }

  /** The name, or the first 8 characters of the id. @param {string} userId */
  of(userId) {
    return this.#known.get(userId) ?? userId.slice(0, 8);
  }

  /** The name, if it is known. @param {string} userId */
  find(userId) {
    return this.#known.get(userId);
  }

  /** The name of the user who made a change, from the event or from before; empty if it is unknown. @param {GroupEvent} event */
  ofActor({ actor_id, actor_name }) {
    return actor_name ?? this.#known.get(actor_id) ?? "";
  }
}
