export class Link {
    /**
     * @param {object} parts
     * @param {Env} parts.env
     * @param {Tokens} parts.tokens
     * @param {Api} parts.api
     * @param {string} parts.url `ws:` or `wss:`
     * @param {readonly Transport[]} parts.transports
     * @param {() => string | undefined} parts.cursor Called at each attempt.
     * @param {(frame: ServerFrame) => void} parts.onFrame
     * @param {(status: Status) => void} parts.onStatus
     */
    constructor({ env, tokens, api, url, transports, cursor, onFrame, onStatus }: {
        env: Env;
        tokens: Tokens;
        api: Api;
        url: string;
        transports: readonly Transport[];
        cursor: () => string | undefined;
        onFrame: (frame: ServerFrame) => void;
        onStatus: (status: Status) => void;
    });
    start(): void;
    stop(): void;
    /** @param {ClientFrame} frame */
    send(frame: ClientFrame): boolean;
    /** The network is back or the page is visible: connect now, or check that the connection is alive. */
    wake(): void;
    /** Drops the connection, as a failing network would, and reconnects after `ms` milliseconds. @param {number} ms */
    cut(ms: number): void;
    /** Reconnects after a gap; the caller has dropped the cursor. */
    resync(): void;
    #private;
}
/**
 * `connecting`: for the first time · `live`: the list is up to date · `reconnecting`: after a loss · `offline`: the browser has no
 * network, or the client has stopped trying (closed, or permanently refused) · `signed-out`: no token, or a new one was refused.
 */
export type State = "connecting" | "live" | "reconnecting" | "offline" | "signed-out";
export type Status = {
    state: State;
    /**
     * For users; empty while `live`.
     */
    reason: string;
    /**
     * While `live` without a WebSocket: what carries the events.
     */
    transport?: Transport | undefined;
    /**
     * Milliseconds until the next attempt.
     */
    retryInMs?: number | undefined;
    /**
     * The client does not retry until `connect()` is called.
     */
    final?: boolean | undefined;
    /**
     * The exception, if any: thrown by `getToken` or `new WebSocket`, or the server's refusal as an `ApiError`. Only in the tab that holds the connection.
     */
    cause?: unknown;
};
import type { ClientFrame } from "../../types/wire.js";
import type { Env } from "./env.js";
import type { Tokens } from "./tokens.js";
import type { Api } from "./http.js";
import type { Transport } from "./ladder.js";
import type { ServerFrame } from "../../types/wire.js";
