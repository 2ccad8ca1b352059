/**
 * The error types of the client.
 *
 * @import { ErrorCode } from "../../types/wire.js"
 */

/** The base class of all errors of this library. `code` is stable and meant to be branched on. */
export class GroupsError extends Error {
  /** @param {string} code @param {string} message @param {ErrorOptions} [options] */
  constructor(code, message, options) {
    super(message, options);
    this.name = new.target.name;
    /** @type {ErrorCode | "network" | "signed_out" | "closed" | (string & {})} */
    this.code = code;
  }
}

/** The server refused the request with a problem document (RFC 9457). */
export class ApiError extends GroupsError {
  /**
   * @param {{ status: number, code: string, title?: string, detail?: string, retryAfterMs?: number, requestId?: string }} problem
   */
  constructor(problem) {
    super(problem.code, problem.detail || problem.title || `The server responded with status ${problem.status}`);
    /** The HTTP status. */
    this.status = problem.status;
    /** A short summary, the same for all errors with this code. */
    this.title = problem.title ?? "";
    /** An explanation of this occurrence. */
    this.detail = problem.detail ?? "";
    /** How long to wait before a retry, in milliseconds, if the server says so. */
    this.retryAfterMs = problem.retryAfterMs;
    /** The id of the request, which the server's log has. */
    this.requestId = problem.requestId;
  }
}

/** The server could not be reached or did not answer in time. Whether the request was executed is unknown. */
export class NetworkError extends GroupsError {
  /** @param {unknown} cause @param {string} [idempotencyKey] */
  constructor(cause, idempotencyKey) {
    super("network", "Could not reach the server", { cause });
    /** Repeating the request with this key is safe: it is executed once, whatever happened the first time. */
    this.idempotencyKey = idempotencyKey;
  }
}

/** There is no token, or the server refused a new one; then `cause` is the server's answer. */
export class SignedOutError extends GroupsError {
  /** @param {ApiError} [cause] */
  constructor(cause) {
    super("signed_out", cause ? "The server rejected the token" : "Not signed in", { cause });
  }
}
