/**
 * @param {ClientOptions} options
 * @returns {{ getToken: GetToken, base: URL, tabs: boolean, env: Partial<Env> }} `base` ends with a slash.
 */
export function checkedOptions(options: ClientOptions): {
    getToken: GetToken;
    base: URL;
    tabs: boolean;
    env: Partial<Env>;
};
export type ClientOptions = {
    /**
     * Gives the token; called again when it is refused or has expired.
     */
    getToken: GetToken;
    /**
     * Where the server is; `v1/…` is below it. Default: the page's own address.
     */
    url?: string | URL | undefined;
    /**
     * Whether tabs of the same person share one socket. Default: yes, if the browser allows it.
     */
    tabs?: boolean | undefined;
    /**
     * For tests.
     */
    env?: Partial<Env> | undefined;
};
import type { GetToken } from "./tokens.js";
import type { Env } from "./env.js";
