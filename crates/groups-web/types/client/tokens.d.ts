/**
 * The subject of a token, without verification. Use it as a name, never for authorization.
 * @param {string} token
 * @returns {string | undefined}
 */
export function subjectOf(token: string): string | undefined;
/**
 * Caches the token: requested once, and again when it was refused.
 *
 * @import { Env } from "./env.js"
 */
/** The timeout of `getToken`, in milliseconds. After that the attempt fails, and the next attempt calls it again. */
export const TOKEN_MS_MAX: 30000;
/**
 * Returns the token, or null if nobody is signed in. `expired` is true if the previous token was refused, has expired or is about to.
 * @callback GetToken
 * @param {{ expired: boolean }} why
 * @returns {string | null | undefined | Promise<string | null | undefined>}
 */
export class Tokens {
    /** @param {Env} env @param {GetToken} getToken */
    constructor(env: Env, getToken: GetToken);
    /** The cached token, or a first one. @returns {Promise<string | null>} */
    current(): Promise<string | null>;
    /**
     * A token other than the refused one. Concurrent calls with the same refused token share one call of `getToken`.
     * @param {string} refused
     * @returns {Promise<string | null>}
     */
    renewed(refused: string): Promise<string | null>;
    /** Drops the token; the next use requests a new one. */
    forget(): void;
    #private;
}
/**
 * Returns the token, or null if nobody is signed in. `expired` is true if the previous token was refused, has expired or is about to.
 */
export type GetToken = (why: {
    expired: boolean;
}) => string | null | undefined | Promise<string | null | undefined>;
import type { Env } from "./env.js";
