/**
 * @param {number} attempt 0 for the first attempt
 * @param {() => number} random from 0 to below 1
 * @returns {number} milliseconds
 */
export function fullJitter(attempt: number, random: () => number): number;
/**
 * Interprets a close code: 4500 to 4999 are final, after any other code the client reconnects.
 * @param {number} code
 * @param {string} [reason]
 * @returns {Verdict}
 */
export function verdict(code: number, reason?: string): Verdict;
/** The close code and reason for a refused request: 1013 if the server asks for a wait. @param {Response} response @param {number} nowMs @returns {[number, string]} */
export function refusal(response: Response, nowMs: number): [number, string];
/**
 * Parses `Retry-After` (RFC 9110 section 10.2.3): seconds or a date. Returns milliseconds, at most what a timer supports.
 * @param {string | null | undefined} value
 * @param {number} nowMs milliseconds since 1970
 * @returns {number | undefined}
 */
export function retryAfterMs(value: string | null | undefined, nowMs: number): number | undefined;
/** The first and the highest bound, in milliseconds. */
export const BACKOFF_BASE_MS: 500;
export const BACKOFF_MAX_MS: 30000;
/** After a connection has been live for this long, in milliseconds, the backoff starts from the first bound again. */
export const SETTLED_MS: 10000;
/** The reason if a request was refused because of its token. */
export const UNAUTHENTICATED: "unauthenticated";
/**
 * What to do after a connection has closed.
 */
export type Verdict = {
    /**
     * Whether to connect again.
     */
    again: boolean;
    /**
     * Whether to get a new token first.
     */
    newToken?: boolean | undefined;
    /**
     * The range for the wait that the server asks for, in milliseconds. Default: back off.
     */
    waitMs?: [number, number] | undefined;
    /**
     * For users.
     */
    reason: string;
};
