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
export function browserEnv() {
  const { document, navigator } = globalThis;
  return {
    now: () => performance.now(),
    wallNow: () => Date.now(),
    setTimeout: (call, ms) => setTimeout(call, ms),
    clearTimeout: (timer) => clearTimeout(timer),
    random: Math.random,
    newId,
    fetch: (input, init) => fetch(input, init),
    WebSocket: globalThis.WebSocket,
    warn: (message, cause) => console.warn(message, cause),
    isOnline: () => navigator?.onLine !== false,
    isVisible: () => document?.visibilityState !== "hidden",
    onWake(wake) {
      const seen = () => {
        if (document.visibilityState === "visible") wake();
      };
      globalThis.addEventListener?.("online", wake);
      globalThis.addEventListener?.("pageshow", wake);
      document?.addEventListener("visibilitychange", seen);
      return () => {
        globalThis.removeEventListener?.("online", wake);
        globalThis.removeEventListener?.("pageshow", wake);
        document?.removeEventListener("visibilitychange", seen);
      };
    },
    locks: navigator?.locks,
    BroadcastChannel: globalThis.BroadcastChannel,
    storage: storage(),
  };
}

/** Browsers throw where storage is blocked. Node.js has none. */
function storage() {
  try {
    return globalThis.document && globalThis.localStorage;
  } catch {
    return undefined;
  }
}

/** A random UUID. Works without `crypto.randomUUID`, which is missing outside secure contexts. */
function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
