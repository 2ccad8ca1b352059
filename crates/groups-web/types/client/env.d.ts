/** What the client takes from its surroundings: time, chance, network and neighbours. Tests bring their own. */
/**
 * @typedef {object} Env
 * @property {() => number} now Milliseconds that never go back.
 * @property {() => number} wallNow Milliseconds since 1970.
 * @property {(call: () => void, ms: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {() => number} random From 0 to below 1.
 * @property {() => string} newId A random UUID.
 * @property {typeof fetch} fetch
 * @property {new (url: string, protocols: string[]) => WebSocket} [WebSocket] Missing in Node.js before version 22.
 * @property {(message: string, cause: unknown) => void} warn Tells a developer, and nobody else.
 * @property {(() => boolean)} isOnline
 * @property {(() => boolean)} isVisible
 * @property {(wake: () => void) => () => void} onWake Calls `wake` when the network is back or the page is seen again; gives what ends it.
 * @property {LockManager} [locks] Missing where the browser has none, or the page is not a secure context.
 * @property {new (name: string) => BroadcastChannel} [BroadcastChannel]
 */
/** @returns {Env} */
export function browserEnv(): Env;
export type Env = {
    /**
     * Milliseconds that never go back.
     */
    now: () => number;
    /**
     * Milliseconds since 1970.
     */
    wallNow: () => number;
    setTimeout: (call: () => void, ms: number) => any;
    clearTimeout: (timer: any) => void;
    /**
     * From 0 to below 1.
     */
    random: () => number;
    /**
     * A random UUID.
     */
    newId: () => string;
    fetch: typeof fetch;
    /**
     * Missing in Node.js before version 22.
     */
    WebSocket?: (new (url: string, protocols: string[]) => WebSocket) | undefined;
    /**
     * Tells a developer, and nobody else.
     */
    warn: (message: string, cause: unknown) => void;
    isOnline: (() => boolean);
    isVisible: (() => boolean);
    /**
     * Calls `wake` when the network is back or the page is seen again; gives what ends it.
     */
    onWake: (wake: () => void) => () => void;
    /**
     * Missing where the browser has none, or the page is not a secure context.
     */
    locks?: LockManager | undefined;
    BroadcastChannel?: (new (name: string) => BroadcastChannel) | undefined;
};
