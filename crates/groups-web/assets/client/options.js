/**
 * What a client is made with, checked: a mistake is told where it was made, and not as a failing connection later.
 *
 * @import { Env } from "./env.js"
 * @import { GetToken } from "./tokens.js"
 */

/**
 * @typedef {object} ClientOptions
 * @property {GetToken} getToken Gives the token; called again when it is refused or has expired.
 * @property {string | URL} [url] Where the server is; `v1/…` is below it. Default: the page's own address.
 * @property {boolean} [tabs] Whether tabs of the same person share one socket. Default: yes, if the browser allows it.
 * @property {Partial<Env>} [env] For tests.
 */

const NAMES = ["getToken", "url", "tabs", "env"];

/**
 * @param {ClientOptions} options
 * @returns {{ getToken: GetToken, base: URL, tabs: boolean, env: Partial<Env> }} `base` ends with a slash.
 */
export function checkedOptions(options) {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`GroupsClient takes an object of options, such as { getToken }; it got ${kind(options)}`);
  }
  const unknown = Object.keys(options).find((name) => !NAMES.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(`GroupsClient has no option "${unknown}"; its options are ${NAMES.join(", ")}`);
  }
  const { getToken, url, tabs, env } = options;
  if (typeof getToken !== "function") throw wrong("getToken", "a function that returns the token", getToken);
  if (tabs !== undefined && typeof tabs !== "boolean") throw wrong("tabs", "true or false", tabs);
  if (env !== undefined && (typeof env !== "object" || env === null)) throw wrong("env", "an object", env);
  return { getToken, base: baseOf(url), tabs: tabs ?? true, env: env ?? {} };
}

/** @param {string | URL | undefined} url */
function baseOf(url) {
  if (url !== undefined && typeof url !== "string" && !(url instanceof URL)) throw wrong("url", "a string or a URL", url);
  const page = globalThis.document?.baseURI;
  if (url === undefined && page === undefined) throw new TypeError("GroupsClient needs the option url outside a page: https://groups.example/");
  let base;
  try {
    base = new URL(url ?? ".", page);
  } catch (cause) {
    throw new TypeError(`GroupsClient: the option url is not a URL: ${JSON.stringify(String(url ?? page))}`, { cause });
  }
  if (base.protocol !== "http:" && base.protocol !== "https:") {
    throw new TypeError(`GroupsClient: the option url must begin with https: or http:, as https://groups.example/ does; it is ${JSON.stringify(base.href)}`);
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
