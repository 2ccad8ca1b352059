/**
 * What can go wrong, typed.
 *
 * @import { ErrorCode } from "../../types/wire.js"
 */
/** The ancestor of all errors of this library. `code` is stable and is meant to be branched on. */
export class GroupsError extends Error {
    /** @param {string} code @param {string} message @param {ErrorOptions} [options] */
    constructor(code: string, message: string, options?: ErrorOptions);
    /** @type {ErrorCode | "network" | "signed_out" | "closed" | (string & {})} */
    code: ErrorCode | "network" | "signed_out" | "closed" | (string & {});
}
/** The server refused: a problem of RFC 9457. */
export class ApiError extends GroupsError {
    /**
     * @param {{ status: number, code: string, title?: string, detail?: string, retryAfterMs?: number }} problem
     */
    constructor(problem: {
        status: number;
        code: string;
        title?: string;
        detail?: string;
        retryAfterMs?: number;
    });
    /** The HTTP status. */
    status: number;
    /** A short sentence that is the same for all errors of this code. */
    title: string;
    /** What the server says about this one. */
    detail: string;
    /** How long to wait before another try, in milliseconds, where the server says so. */
    retryAfterMs: number | undefined;
}
/** The server could not be reached, or did not answer in time. Whether it did what was asked is not known. */
export class NetworkError extends GroupsError {
    /** @param {unknown} cause @param {string} [idempotencyKey] */
    constructor(cause: unknown, idempotencyKey?: string);
    /** Asking the same once more with this key does it once, whatever became of the first time. */
    idempotencyKey: string | undefined;
}
/** There is no token, or a fresh one is refused: then `cause` is what the server said. */
export class SignedOutError extends GroupsError {
    /** @param {ApiError} [cause] */
    constructor(cause?: ApiError);
}
import type { ErrorCode } from "../../types/wire.js";
