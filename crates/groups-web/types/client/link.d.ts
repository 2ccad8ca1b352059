export class Link {
    /**
     * @param {object} parts
     * @param {Env} parts.env
     * @param {Tokens} parts.tokens
     * @param {Api} parts.api
     * @param {string} parts.url `ws:` or `wss:`
     * @param {() => string | undefined} parts.cursor Asked at each connecting.
     * @param {(frame: ServerFrame) => void} parts.onFrame
     * @param {(status: Status) => void} parts.onStatus
     */
    constructor({ env, tokens, api, url, cursor, onFrame, onStatus }: {
        env: Env;
        tokens: Tokens;
        api: Api;
        url: string;
        cursor: () => string | undefined;
        onFrame: (frame: ServerFrame) => void;
        onStatus: (status: Status) => void;
    });
    start(): void;
    stop(): void;
    /** @param {ClientFrame} frame */
    send(frame: ClientFrame): boolean;
    /** The network is back, or somebody looks: try now, or ask whether the line still stands. */
    wake(): void;
    /** Drops the connection, as a failing network would, and comes back after so many milliseconds. @param {number} ms */
    cut(ms: number): void;
    /** The list has a gap: connects anew; the caller has dropped the cursor. */
    resync(): void;
    #private;
}
/**
 * `connecting` for the first time · `live`: the list is right, and stays right · `reconnecting` after a loss · `offline`: not
 * connected, and the browser has no network, or nothing is tried any more (closed, or refused for good) · `signed-out`: no
 * token, or a fresh one is refused.
 */
export type State = "connecting" | "live" | "reconnecting" | "offline" | "signed-out";
export type Status = {
    state: State;
    /**
     * For people; empty where all is well.
     */
    reason: string;
    /**
     * When the next try is due.
     */
    retryInMs?: number | undefined;
    /**
     * Nothing more is tried until `connect()`.
     */
    final?: boolean | undefined;
    /**
     * What was thrown, where something was: by `getToken`, by `new WebSocket`, or the server's refusal as an `ApiError`. Only in the tab with the socket.
     */
    cause?: unknown;
};
import type { ClientFrame } from "../../types/wire.js";
import type { Env } from "./env.js";
import type { Tokens } from "./tokens.js";
import type { Api } from "./http.js";
import type { ServerFrame } from "../../types/wire.js";
