/**
 * The token: asked for once, and again when it is refused.
 *
 * @import { Env } from "./env.js"
 */

/** How long `getToken` may take, in milliseconds. After that the try counts as failed, and it is asked again with the next one. */
export const TOKEN_MS_MAX = 30_000;

/**
 * Gives the token, or nothing where nobody is signed in. `expired` is true where the last one was refused or has run out.
 * @callback GetToken
 * @param {{ expired: boolean }} why
 * @returns {string | null | undefined | Promise<string | null | undefined>}
 */

export class Tokens {
  #env;
  /** @type {GetToken} */
  #getToken;
  /** @type {string | null} */
  #token = null;
  /** @type {Promise<string | null> | null} */
  #pending = null;
  /** What was asked before all was forgotten is of no interest any more. */
  #era = 0;

  /** @param {Env} env @param {GetToken} getToken */
  constructor(env, getToken) {
    this.#env = env;
    this.#getToken = getToken;
  }

  /** The token at hand, or the first one. @returns {Promise<string | null>} */
  async current() {
    return this.#token ?? this.#ask(false);
  }

  /**
   * A token other than the refused one. Several callers with the same refused token cause one question.
   * @param {string} refused
   * @returns {Promise<string | null>}
   */
  async renewed(refused) {
    if (this.#token && this.#token !== refused) return this.#token;
    return this.#ask(true);
  }

  /** Forgets it: the next use asks anew. */
  forget() {
    this.#era += 1;
    this.#token = null;
    this.#pending = null;
  }

  /** @param {boolean} expired @returns {Promise<string | null>} */
  #ask(expired) {
    if (this.#pending) return this.#pending;
    const asked = this.#inTime(expired).finally(() => {
      if (this.#pending === asked) this.#pending = null;
    });
    this.#pending = asked;
    return asked;
  }

  /** @param {boolean} expired @returns {Promise<string | null>} */
  async #inTime(expired) {
    const era = this.#era;
    let timer;
    const late = new Promise((_, reject) => {
      timer = this.#env.setTimeout(() => reject(new Error("getToken took too long")), TOKEN_MS_MAX);
    });
    const answer = async () => {
      const given = await this.#getToken({ expired });
      if (given !== undefined && given !== null && typeof given !== "string") {
        throw new TypeError(`getToken must return a string, or null if nobody is signed in; it returned a value of type ${typeof given}`);
      }
      // As a file or the body of an answer may end.
      const token = given?.trim() || null;
      // Also where it comes too late for those who waited: the next ones have it.
      if (era === this.#era) this.#token = token;
      return token;
    };
    try {
      return await Promise.race([answer(), late]);
    } finally {
      this.#env.clearTimeout(timer);
    }
  }
}

/**
 * Whose token it is, read without checking it: good for naming things, not for trusting them.
 * @param {string} token
 * @returns {string | undefined}
 */
export function subjectOf(token) {
  try {
    const payload = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const { sub } = JSON.parse(atob(payload));
    return typeof sub === "string" ? sub.toLowerCase() : undefined;
  } catch {
    return undefined;
  }
}
