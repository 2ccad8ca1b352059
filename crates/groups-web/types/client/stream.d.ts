/** The time for the first frame, in milliseconds: a proxy that buffers the response delivers nothing. */
export const FIRST_MS_MAX: 8000;
/** The longest event, in characters. A longer one ends the connection. */
export const EVENT_CHARS_MAX: 16000000;
export class Stream {
    /** @param {{ env: Env, url: string, token: string, onFrame: (frame: ServerFrame) => void, onEnd: (code: number, reason: string) => void }} parts `onEnd` is called exactly once. */
    constructor({ env, url, token, onFrame, onEnd }: {
        env: Env;
        url: string;
        token: string;
        onFrame: (frame: ServerFrame) => void;
        onEnd: (code: number, reason: string) => void;
    });
    welcomed: boolean;
    /** Whether the connection accepts a new token. */
    renews: boolean;
    /** @param {ClientFrame} _ @returns {boolean} */
    send(_: ClientFrame): boolean;
    /** Ends the connection if a heartbeat is overdue, as after sleep. */
    check(): void;
    /** @param {number} code @param {string} [reason] */
    end(code: number, reason?: string): void;
    #private;
}
import type { ClientFrame } from "../../types/wire.js";
import type { Env } from "./env.js";
import type { ServerFrame } from "../../types/wire.js";
