/**
 * The display names that this page has seen.
 *
 * @import { GroupsClient } from "../client/client.js"
 */

export class Names {
  #client;
  /** @type {Map<string, string>} */
  #known = new Map();

  /** @param {GroupsClient} client */
  constructor(client) {
    this.#client = client;
  }

  /** @param {Iterable<{ user_id: string, name?: string }>} people */
  learn(people) {
    for (const { user_id, name } of people) {
      if (name) this.#known.set(user_id, name);
    }
  }

  /** The name, or the first 8 characters of the id. @param {string} userId */
  of(userId) {
    return this.#known.get(userId) ?? userId.slice(0, 8);
  }

  /** @param {string} userId */
  has(userId) {
    return this.#known.has(userId);
  }

  /** Like {@link of}, but asks the server if the name is unknown. The first page of members usually has it. @param {string} userId @param {string} groupId */
  async find(userId, groupId) {
    if (!this.#known.has(userId)) {
      try {
        this.learn((await this.#client.api.listMembers(groupId)).members);
      } catch {
        // The group is gone: fall back to the id.
      }
    }
    return this.of(userId);
  }
}
