/**
 * @param {number} attempt 0 for the first one
 * @param {() => number} random from 0 to below 1
 * @returns {number} milliseconds
 */
export function fullJitter(attempt: number, random: () => number): number;
/**
 * The code says what to do: 4500 to 4999 are final, everything else is worth another try.
 * @param {number} code
 * @param {string} [reason]
 * @returns {Verdict}
 */
export function verdict(code: number, reason?: string): Verdict;
/**
 * `Retry-After` in milliseconds: seconds, or a date (RFC 9110 section 10.2.3). No longer than a timer can wait.
 * @param {string | null | undefined} value
 * @param {number} nowMs milliseconds since 1970
 * @returns {number | undefined}
 */
export function retryAfterMs(value: string | null | undefined, nowMs: number): number | undefined;
/** The first bound, and the highest, in milliseconds. */
export const BACKOFF_BASE_MS: 500;
export const BACKOFF_MAX_MS: 30000;
/** A connection that was live for this long counts as a success: the next loss starts from the first bound again. */
export const SETTLED_MS: 10000;
/**
 * What a closing means.
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
     * The server's own bounds for the waiting, in milliseconds; else back off.
     */
    waitMs?: [number, number] | undefined;
    /**
     * For people.
     */
    reason: string;
};
