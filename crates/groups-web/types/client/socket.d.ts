/**
 * Explains to users why `new WebSocket` has thrown. It throws before anything is sent, so a retry would fail the same way.
 * @param {unknown} error
 * @param {Env} env
 * @param {string} token
 * @returns {{ state: "offline" | "signed-out", reason: string, elsewhere?: boolean }} `elsewhere`: another transport may work.
 */
export function unopened(error: unknown, env: Env, token: string): {
    state: "offline" | "signed-out";
    reason: string;
    elsewhere?: boolean;
};
/** Timeouts for the first frame and for the answer to a ping, in milliseconds. */
export const WELCOME_MS_MAX: 15000;
export const PONG_MS_MAX: 8000;
/** The heartbeat interval until `welcome` sets it, in milliseconds. */
export const HEARTBEAT_MS: 25000;
export class Socket {
    /**
     * @param {object} parts
     * @param {Env} parts.env
     * @param {string} parts.url
     * @param {string} parts.token
     * @param {(frame: ServerFrame) => void} parts.onFrame
     * @param {(code: number, reason: string) => void} parts.onEnd Called exactly once, as the last callback.
     */
    constructor({ env, url, token, onFrame, onEnd }: {
        env: Env;
        url: string;
        token: string;
        onFrame: (frame: ServerFrame) => void;
        onEnd: (code: number, reason: string) => void;
    });
    /** Whether any frame was received. */
    welcomed: boolean;
    /** Whether the connection accepts a new token. */
    renews: boolean;
    /** @param {ClientFrame} frame @returns {boolean} whether it could be sent */
    send(frame: ClientFrame): boolean;
    /** Pings the server: after sleep, a laptop cannot know whether the connection is alive. */
    check(): void;
    /** Closes the connection without waiting for the peer, because a dead peer never answers a close frame. @param {number} code @param {string} [reason] */
    end(code: number, reason?: string): void;
    #private;
}
import type { Env } from "./env.js";
import type { ClientFrame } from "../../types/wire.js";
import type { ServerFrame } from "../../types/wire.js";
