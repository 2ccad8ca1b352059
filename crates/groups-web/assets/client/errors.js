/**
 * What can go wrong, typed.
 *
 * @import { ErrorCode } from "../../types/wire.js"
 */

/** The ancestor of all errors of this library. `code` is stable and is meant to be branched on. */
export class GroupsError extends Error {
  /** @param {string} code @param {string} message @param {ErrorOptions} [options] */
  constructor(code, message, options) {
    super(message, options);
    this.name = new.target.name;
    /** @type {ErrorCode | "network" | "signed_out" | "closed" | (string & {})} */
    this.code = code;
  }
}

/** The server refused: a problem of RFC 9457. */
export class ApiError extends GroupsError {
  /**
   * @param {{ status: number, code: string, title?: string, detail?: string, retryAfterMs?: number }} problem
   */
  constructor(problem) {
    super(problem.code, problem.detail || problem.title || `The server answered ${problem.status}`);
    /** The HTTP status. */
    this.status = problem.status;
    /** A short sentence that is the same for all errors of this code. */
    this.title = problem.title ?? "";
    /** What the server says about this one. */
    this.detail = problem.detail ?? "";
    /** How long to wait before another try, in milliseconds, where the server says so. */
    this.retryAfterMs = problem.retryAfterMs;
  }
}

/** The server could not be reached, or did not answer in time. Whether it did what was asked is not known. */
export class NetworkError extends GroupsError {
  /** @param {unknown} cause @param {string} [idempotencyKey] */
  constructor(cause, idempotencyKey) {
    super("network", "The server cannot be reached", { cause });
    /** Asking the same once more with this key does it once, whatever became of the first time. */
    this.idempotencyKey = idempotencyKey;
  }
}

/** There is no token, or a fresh one is refused: then `cause` is what the server said. */
export class SignedOutError extends GroupsError {
  /** @param {ApiError} [cause] */
  constructor(cause) {
    super("signed_out", cause ? "The token is refused" : "Nobody is signed in", { cause });
  }
}
