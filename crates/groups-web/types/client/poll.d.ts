/** How long the server may wait for news, in seconds, and how much longer an answer may take, in milliseconds. */
export const WAIT_SECONDS: 30;
export const SPARE_MS: 15000;
/** The shortest pause between two requests, in milliseconds: events that are close together share an answer. */
export const PAUSE_MS: 250;
export class Poll {
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
    /** Each request has a timeout, so there is nothing to check. */
    check(): void;
    /** @param {number} code @param {string} [reason] */
    end(code: number, reason?: string): void;
    #private;
}
import type { ClientFrame } from "../../types/wire.js";
import type { Env } from "./env.js";
import type { ServerFrame } from "../../types/wire.js";
