/**
 * Why `new WebSocket` has thrown, for people. It does so before anything goes over the network, and would again: trying again does not help.
 * @param {unknown} error
 * @param {Env} env
 * @param {string} token
 * @returns {{ state: "offline" | "signed-out", reason: string }}
 */
export function unopened(error: unknown, env: Env, token: string): {
    state: "offline" | "signed-out";
    reason: string;
};
/** How long the first frame may take, and the answer to a ping, in milliseconds. */
export const WELCOME_MS_MAX: 15000;
export const PONG_MS_MAX: 8000;
/** The beat until the server says otherwise, in milliseconds. */
export const HEARTBEAT_MS: 25000;
export class Socket {
    /**
     * @param {object} parts
     * @param {Env} parts.env
     * @param {string} parts.url
     * @param {string} parts.token
     * @param {(frame: ServerFrame) => void} parts.onFrame
     * @param {(code: number, reason: string) => void} parts.onEnd Called once, and nothing after it.
     */
    constructor({ env, url, token, onFrame, onEnd }: {
        env: Env;
        url: string;
        token: string;
        onFrame: (frame: ServerFrame) => void;
        onEnd: (code: number, reason: string) => void;
    });
    /** Whether the server has said anything. */
    welcomed: boolean;
    /** @param {ClientFrame} frame @returns {boolean} whether it could be sent */
    send(frame: ClientFrame): boolean;
    /** Asks whether the other side is still there: a laptop that slept does not know. */
    check(): void;
    /** Ends it from this side. The far end of a dead line never answers a goodbye, so it is not waited for. @param {number} code @param {string} [reason] */
    end(code: number, reason?: string): void;
    #private;
}
import type { Env } from "./env.js";
import type { ClientFrame } from "../../types/wire.js";
import type { ServerFrame } from "../../types/wire.js";
