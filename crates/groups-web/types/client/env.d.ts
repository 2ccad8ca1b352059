/** The environment of the client: time, randomness, network and other tabs. Tests replace it. */
/**
 * @typedef {object} Env
 * @property {() => number} now Monotonic time in milliseconds.
 * @property {() => number} wallNow Milliseconds since 1970.
 * @property {(call: () => void, ms: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 * @property {() => number} random At least 0, below 1.
 * @property {() => string} newId A random UUID.
 * @property {typeof fetch} fetch
 * @property {new (url: string, protocols: string[]) => WebSocket} [WebSocket] Missing in Node.js before version 22.
 * @property {(message: string, cause: unknown) => void} warn A message for developers.
 * @property {(() => boolean)} isOnline
 * @property {(() => boolean)} isVisible
 * @property {(wake: () => void) => () => void} onWake Calls `wake` when the network is back or the page becomes visible. Returns a function that stops it.
 * @property {LockManager} [locks] Missing if the browser does not support it or the page is not a secure context.
 * @property {new (name: string) => BroadcastChannel} [BroadcastChannel]
 * @property {Storage} [storage] Remembers which transport works. Missing where the browser blocks it.
 */
/** @returns {Env} */
export function browserEnv(): Env;
export type Env = {
    /**
     * Monotonic time in milliseconds.
     */
    now: () => number;
    /**
     * Milliseconds since 1970.
     */
    wallNow: () => number;
    setTimeout: (call: () => void, ms: number) => any;
    clearTimeout: (timer: any) => void;
    /**
     * At least 0, below 1.
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
     * A message for developers.
     */
    warn: (message: string, cause: unknown) => void;
    isOnline: (() => boolean);
    isVisible: (() => boolean);
    /**
     * Calls `wake` when the network is back or the page becomes visible. Returns a function that stops it.
     */
    onWake: (wake: () => void) => () => void;
    /**
     * Missing if the browser does not support it or the page is not a secure context.
     */
    locks?: LockManager | undefined;
    BroadcastChannel?: (new (name: string) => BroadcastChannel) | undefined;
    /**
     * Remembers which transport works. Missing where the browser blocks it.
     */
    storage?: Storage | undefined;
};
