/**
 * @param {ClientOptions} options
 * @returns {{ getToken: GetToken, base: URL, tabs: boolean, transports: readonly Transport[], env: Partial<Env> }} `base` ends with a slash.
 */
export function checkedOptions(options: ClientOptions): {
    getToken: GetToken;
    base: URL;
    tabs: boolean;
    transports: readonly Transport[];
    env: Partial<Env>;
};
export type ClientOptions = {
    /**
     * Returns the token; called again when it was refused or has expired.
     */
    getToken: GetToken;
    /**
     * The base URL of the server; `v1/…` is below it. Default: the URL of the page.
     */
    url?: string | URL | undefined;
    /**
     * Whether tabs of the same user share one connection. Default: true, if the browser supports it.
     */
    tabs?: boolean | undefined;
    /**
     * The transports to use, always in the order WebSocket, server-sent events, polling. Default: all.
     */
    transports?: readonly Transport[] | undefined;
    /**
     * For tests.
     */
    env?: Partial<Env> | undefined;
};
import type { GetToken } from "./tokens.js";
import type { Transport } from "./ladder.js";
import type { Env } from "./env.js";
