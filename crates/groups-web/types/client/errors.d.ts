/**
 * The error types of the client.
 *
 * @import { ErrorCode } from "../../types/wire.js"
 */
/** The base class of all errors of this library. `code` is stable and meant to be branched on. */
export class GroupsError extends Error {
    /** @param {string} code @param {string} message @param {ErrorOptions} [options] */
    constructor(code: string, message: string, options?: ErrorOptions);
    /** @type {ErrorCode | "network" | "signed_out" | "closed" | (string & {})} */
    code: ErrorCode | "network" | "signed_out" | "closed" | (string & {});
}
/** The server refused the request with a problem document (RFC 9457). */
export class ApiError extends GroupsError {
    /**
     * @param {{ status: number, code: string, title?: string, detail?: string, retryAfterMs?: number, requestId?: string }} problem
     */
    constructor(problem: {
        status: number;
        code: string;
        title?: string;
        detail?: string;
        retryAfterMs?: number;
        requestId?: string;
    });
    /** The HTTP status. */
    status: number;
    /** A short summary, the same for all errors with this code. */
    title: string;
    /** An explanation of this occurrence. */
    detail: string;
    /** How long to wait before a retry, in milliseconds, if the server says so. */
    retryAfterMs: number | undefined;
    /** The id of the request, which the server's log has. */
    requestId: string | undefined;
}
/** The server could not be reached or did not answer in time. Whether the request was executed is unknown. */
export class NetworkError extends GroupsError {
    /** @param {unknown} cause @param {string} [idempotencyKey] */
    constructor(cause: unknown, idempotencyKey?: string);
    /** Repeating the request with this key is safe: it is executed once, whatever happened the first time. */
    idempotencyKey: string | undefined;
}
/** There is no token, or the server refused a new one; then `cause` is the server's answer. */
export class SignedOutError extends GroupsError {
    /** @param {ApiError} [cause] */
    constructor(cause?: ApiError);
}
import type { ErrorCode } from "../../types/wire.js";
