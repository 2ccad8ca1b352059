/**
 * Caches the token: requested once, and again when it was refused.
 *
 * @import { Env } from "./env.js"
 */

/** The timeout of `getToken`, in milliseconds. After that the attempt fails, and the next attempt calls it again. */
export const TOKEN_MS_MAX = 30_000;

/**
 * Returns the token, or null if nobody is signed in. `expired` is true if the previous token was refused, has expired or is about to.
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
  /** Counts calls of `forget`, so that results of earlier requests are discarded. */
  #era = 0;

  /** @param {Env} env @param {GetToken} getToken */
  constructor(env, getToken) {
    this.#env = env;
    this.#getToken = getToken;
  }

  /** The cached token, or a first one. @returns {Promise<string | null>} */
  async current() {
    return this.#token ?? this.#ask(false);
  }

  /**
   * A token other than the refused one. Concurrent calls with the same refused token share one call of `getToken`.
   * @param {string} refused
   * @returns {Promise<string | null>}
   */
  async renewed(refused) {
    if (this.#token && this.#token !== refused) return this.#token;
    return this.#ask(true);
  }

  /** Drops the token; the next use requests a new one. */
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
      timer = this.#env.setTimeout(() => reject(new Error(`getToken did not return within ${TOKEN_MS_MAX / 1_000} seconds`)), TOKEN_MS_MAX);
    });
    const answer = async () => {
      const given = await this.#getToken({ expired });
      if (given !== undefined && given !== null && typeof given !== "string") {
        throw new TypeError(`getToken must return a string, or null if nobody is signed in; it returned a value of type ${typeof given}`);
      }
      // Files and response bodies may end with a line break.
      const token = given?.trim() || null;
      // Keep it even after the timeout: the next attempt uses it.
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
 * The subject of a token, without verification. Use it as a name, never for authorization.
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
