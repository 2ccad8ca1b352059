/**
 * Whose token it is, read without checking it: good for naming things, not for trusting them.
 * @param {string} token
 * @returns {string | undefined}
 */
export function subjectOf(token: string): string | undefined;
/**
 * The token: asked for once, and again when it is refused.
 *
 * @import { Env } from "./env.js"
 */
/** How long `getToken` may take, in milliseconds. After that the try counts as failed, and it is asked again with the next one. */
export const TOKEN_MS_MAX: 30000;
/**
 * Gives the token, or nothing where nobody is signed in. `expired` is true where the last one was refused or has run out.
 * @callback GetToken
 * @param {{ expired: boolean }} why
 * @returns {string | null | undefined | Promise<string | null | undefined>}
 */
export class Tokens {
    /** @param {Env} env @param {GetToken} getToken */
    constructor(env: Env, getToken: GetToken);
    /** The token at hand, or the first one. @returns {Promise<string | null>} */
    current(): Promise<string | null>;
    /**
     * A token other than the refused one. Several callers with the same refused token cause one question.
     * @param {string} refused
     * @returns {Promise<string | null>}
     */
    renewed(refused: string): Promise<string | null>;
    /** Forgets it: the next use asks anew. */
    forget(): void;
    #private;
}
/**
 * Gives the token, or nothing where nobody is signed in. `expired` is true where the last one was refused or has run out.
 */
export type GetToken = (why: {
    expired: boolean;
}) => string | null | undefined | Promise<string | null | undefined>;
import type { Env } from "./env.js";
