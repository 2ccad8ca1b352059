/** The token: asked for once, and again when it is refused. */

/**
 * Gives the token, or nothing where nobody is signed in. `expired` is true where the last one was refused or has run out.
 * @callback GetToken
 * @param {{ expired: boolean }} why
 * @returns {string | null | undefined | Promise<string | null | undefined>}
 */

export class Tokens {
  /** @type {GetToken} */
  #getToken;
  /** @type {string | null} */
  #token = null;
  /** @type {Promise<string | null> | null} */
  #pending = null;

  /** @param {GetToken} getToken */
  constructor(getToken) {
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
    this.#token = null;
  }

  /** @param {boolean} expired @returns {Promise<string | null>} */
  #ask(expired) {
    const ask = async () => (this.#token = (await this.#getToken({ expired })) || null);
    this.#pending ??= ask().finally(() => (this.#pending = null));
    return this.#pending;
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
    return typeof sub === "string" ? sub : undefined;
  } catch {
    return undefined;
  }
}
