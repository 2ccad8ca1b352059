/**
 * Validates the client options, so that a mistake fails in the constructor and not as a failing connection later.
 *
 * @import { Env } from "./env.js"
 * @import { Transport } from "./ladder.js"
 * @import { GetToken } from "./tokens.js"
 */

import { TRANSPORTS } from "./ladder.js";

/**
 * @typedef {object} ClientOptions
 * @property {GetToken} getToken Returns the token; called again when it was refused or has expired.
 * @property {string | URL} [url] The base URL of the server; `v1/…` is below it. Default: the URL of the page.
 * @property {boolean} [tabs] Whether tabs of the same user share one connection. Default: true, if the browser supports it.
 * @property {readonly Transport[]} [transports] The transports to use, always in the order WebSocket, server-sent events, polling. Default: all.
 * @property {Partial<Env>} [env] For tests.
 */

const NAMES = ["getToken", "url", "tabs", "transports", "env"];

/**
 * @param {ClientOptions} options
 * @returns {{ getToken: GetToken, base: URL, tabs: boolean, transports: readonly Transport[], env: Partial<Env> }} `base` ends with a slash.
 */
export function checkedOptions(options) {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`GroupsClient expects an options object such as { getToken }; it got ${kind(options)}`);
  }
  const unknown = Object.keys(options).find((name) => !NAMES.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`Unknown GroupsClient option "${unknown}"; the options are ${NAMES.join(", ")}`);
  }
  const { getToken, url, tabs, transports = TRANSPORTS, env } = options;
  if (typeof getToken !== "function") throw wrong("getToken", "a function that returns the token", getToken);
  if (tabs !== undefined && typeof tabs !== "boolean") throw wrong("tabs", "true or false", tabs);
  if (!Array.isArray(transports) || transports.length === 0 || transports.some((transport) => !TRANSPORTS.includes(transport))) {
    throw wrong("transports", `a list of ${TRANSPORTS.join(", ")}`, transports);
  }
  if (env !== undefined && (typeof env !== "object" || env === null)) throw wrong("env", "an object", env);
  return { getToken, base: baseOf(url), tabs: tabs ?? true, transports, env: env ?? {} };
}

/** @param {string | URL | undefined} url */
function baseOf(url) {
  if (url !== undefined && typeof url !== "string" && !(url instanceof URL)) throw wrong("url", "a string or a URL", url);
  const page = globalThis.document?.baseURI;
  if (url === undefined && page === undefined) throw new TypeError("GroupsClient: the option url is required outside a page, for example https://groups.example/");
  let base;
  try {
    base = new URL(url ?? ".", page);
  } catch (cause) {
    throw new TypeError(`GroupsClient: the option url is not a URL: ${JSON.stringify(String(url ?? page))}`, { cause });
  }
  if (base.protocol !== "http:" && base.protocol !== "https:") {
    throw new TypeError(`GroupsClient: the option url must start with https: or http:, for example https://groups.example/; it is ${JSON.stringify(base.href)}`);
  }
  base.search = "";
  base.hash = "";
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  return base;
}

/** @param {string} name @param {string} expected @param {unknown} value */
function wrong(name, expected, value) {
  return new TypeError(`GroupsClient: the option ${name} must be ${expected}; it is ${kind(value)}`);
}

/** @param {unknown} value */
function kind(value) {
  if (value === undefined || value === null) return String(value);
  return Array.isArray(value) ? "an array" : `of type ${typeof value}`;
}
