/**
 * Who types where, as long as it is to be believed, and how often one's own typing is told.
 *
 * @import { Typing as Told } from "../../types/wire.js"
 * @import { Env } from "./env.js"
 */

/** The longest a typing indicator is believed without being repeated, in seconds. */
const TYPING_SECONDS_MAX = 30;
/** One's own typing is told again after so many milliseconds. */
const TYPING_REPEAT_MS = 3_000;

export class Typing {
  #env;
  #onChange;
  /** Timers by group and user. @type {Map<string, { groupId: string, userId: string, timer: any }>} */
  #typists = new Map();
  /** When this user's own typing was told last. @type {Map<string, number>} */
  #told = new Map();

  /** @param {Env} env @param {(typing: Told) => void} onChange What the server says, and what follows where it says nothing more. */
  constructor(env, onChange) {
    this.#env = env;
    this.#onChange = onChange;
  }

  /** Who types in a group at present. @param {string} groupId @returns {string[]} user ids */
  of(groupId) {
    return [...this.#typists.values()].filter((typist) => typist.groupId === groupId).map((typist) => typist.userId);
  }

  /** Whether one's own typing, or its end, is to be told now. @param {string} groupId @param {boolean} typing */
  isNews(groupId, typing) {
    const now = this.#env.now();
    const told = this.#told.get(groupId);
    if (typing ? told !== undefined && now - told < TYPING_REPEAT_MS : told === undefined) return false;
    if (typing) this.#told.set(groupId, now);
    else this.#told.delete(groupId);
    return true;
  }

  /** Somebody types, or no longer does. @param {Told} typing */
  take(typing) {
    const key = `${typing.group_id} ${typing.user_id}`;
    this.#env.clearTimeout(this.#typists.get(key)?.timer);
    this.#typists.delete(key);
    if (typing.typing) {
      const { group_id: groupId, user_id: userId } = typing;
      const seconds = Math.min(typing.expires_in_seconds, TYPING_SECONDS_MAX);
      const timer = this.#env.setTimeout(() => this.take({ ...typing, typing: false }), seconds * 1_000);
      this.#typists.set(key, { groupId, userId, timer });
    }
    this.#onChange(typing);
  }

  /** Somebody is no longer in a group, and so no longer types there. @param {string} groupId @param {string} userId */
  gone(groupId, userId) {
    if (!this.#typists.has(`${groupId} ${userId}`)) return;
    this.take({ type: "typing", group_id: groupId, user_id: userId, typing: false, expires_in_seconds: 0 });
  }

  /** Nobody types in a group that one is not in. @param {string} groupId */
  quiet(groupId) {
    for (const userId of this.of(groupId)) this.gone(groupId, userId);
    this.#told.delete(groupId);
  }

  /** The list was read anew: whoever left meanwhile is not told, so that nobody is believed to type any more. */
  forget() {
    for (const { groupId, userId } of [...this.#typists.values()]) this.gone(groupId, userId);
  }

  clear() {
    for (const { timer } of this.#typists.values()) this.#env.clearTimeout(timer);
    this.#typists.clear();
    this.#told.clear();
  }
}
