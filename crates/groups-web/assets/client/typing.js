/**
 * Typing indicators: who is typing where until it expires, and throttling of the user's own messages.
 *
 * @import { Typing as Told } from "../../types/wire.js"
 * @import { Env } from "./env.js"
 */

/** The maximum lifetime of a typing indicator, in seconds. */
const TYPING_SECONDS_MAX = 30;
/** The interval at which the user's own typing is repeated, in milliseconds. */
const TYPING_REPEAT_MS = 3_000;

export class Typing {
  #env;
  #onChange;
  /** Timers by group and user. @type {Map<string, { groupId: string, userId: string, timer: any }>} */
  #typists = new Map();
  /** When this user's own typing was last sent, by group. @type {Map<string, number>} */
  #told = new Map();

  /** @param {Env} env @param {(typing: Told) => void} onChange Called for each message, and when an indicator expires. */
  constructor(env, onChange) {
    this.#env = env;
    this.#onChange = onChange;
  }

  /** The users who are typing in a group. @param {string} groupId @returns {string[]} user ids */
  of(groupId) {
    return [...this.#typists.values()].filter((typist) => typist.groupId === groupId).map((typist) => typist.userId);
  }

  /** Whether the user's own typing, or its end, must be sent now. @param {string} groupId @param {boolean} typing */
  isNews(groupId, typing) {
    const now = this.#env.now();
    const told = this.#told.get(groupId);
    if (typing ? told !== undefined && now - told < TYPING_REPEAT_MS : told === undefined) return false;
    if (typing) this.#told.set(groupId, now);
    else this.#told.delete(groupId);
    return true;
  }

  /** Applies a message: a user is typing, or has stopped. @param {Told} typing */
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

  /** Clears the indicator of a user who is no longer in a group. @param {string} groupId @param {string} userId */
  gone(groupId, userId) {
    if (!this.#typists.has(`${groupId} ${userId}`)) return;
    this.take({ type: "typing", group_id: groupId, user_id: userId, typing: false, expires_in_seconds: 0 });
  }

  /** Clears the indicators of a group that the user has left. @param {string} groupId */
  quiet(groupId) {
    for (const userId of this.of(groupId)) this.gone(groupId, userId);
    this.#told.delete(groupId);
  }

  /** Clears all indicators after a snapshot, because it does not say who left in the meantime. */
  forget() {
    for (const { groupId, userId } of [...this.#typists.values()]) this.gone(groupId, userId);
  }

  clear() {
    for (const { timer } of this.#typists.values()) this.#env.clearTimeout(timer);
    this.#typists.clear();
    this.#told.clear();
  }
}
