/**
 * The signed-in user of this tab. Two tabs can have different users.
 *
 * @import { Login, Person } from "../../types/wire.js"
 */

import { root } from "./root.js";
import { forGood, forTab } from "./storage.js";

const HERE = "groups.session";
const RECENT = "groups.recent-names";
/** Recent names offered at sign-in. */
const RECENT_MAX = 6;

/** @typedef {{ token: string, user_id: string, name: string, development: boolean, operator?: boolean }} Signed */

export class Session {
  /** @type {Signed} */
  #signed;

  /** @param {Signed} signed */
  constructor(signed) {
    this.#signed = signed;
    forTab.set(HERE, JSON.stringify(signed));
  }

  /** The session before the reload, if any. @returns {Session | null} */
  static restore() {
    try {
      const signed = JSON.parse(forTab.get(HERE) ?? "null");
      return signed?.token ? new Session(signed) : null;
    } catch {
      return null;
    }
  }

  /** Signs in by name, in development mode. @param {string} name */
  static async byName(name) {
    const login = await logIn(name);
    remember(login.name);
    return new Session({ ...login, development: true });
  }

  /** @param {string} token */
  static async byToken(token) {
    const response = await fetch(new URL("v1/me", root), { headers: { Authorization: `Bearer ${token}` } });
    const me = await response.json().catch(() => ({}));
    // The `detail` of the problem says what is wrong with the token.
    if (!response.ok) throw new Error(`The server rejected this token. ${response.status === 401 ? (me.detail ?? "") : ""}`.trim());
    return new Session({ token, user_id: me.user_id, name: me.name ?? me.user_id, development: false, operator: me.access === "admin" });
  }

  get userId() {
    return this.#signed.user_id;
  }

  get name() {
    return this.#signed.name;
  }

  get development() {
    return this.#signed.development;
  }

  /** Whether the token opens `/v1/admin`. */
  get operator() {
    return this.#signed.operator === true;
  }

  /** `getToken` for the client. In development mode, an expired token is renewed by signing in with the name again. @param {{ expired: boolean }} why */
  async token({ expired }) {
    if (!expired) return this.#signed.token;
    if (!this.development) return null;
    const login = await logIn(this.name);
    // The database has changed and the name belongs to another user: end this session.
    if (login.user_id !== this.userId) return null;
    this.#signed = { ...login, development: true };
    forTab.set(HERE, JSON.stringify(this.#signed));
    return login.token;
  }

  end() {
    forTab.set(HERE, null);
  }

  // ---- Directory of the development mode ----

  /** People whose name starts with `query`. @param {string} query @returns {Promise<Person[]>} */
  async people(query) {
    const url = new URL("v1/dev/people", root);
    url.searchParams.set("q", query);
    const response = await fetch(url, { headers: { Authorization: `Bearer ${this.#signed.token}` } });
    return response.ok ? (await response.json()).people : [];
  }

  /** Creates a user. @param {string} name @returns {Promise<Person>} */
  async newPerson(name) {
    const { user_id, name: kept } = await logIn(name);
    return { user_id, name: kept };
  }
}

/** @returns {string[]} */
export function recentNames() {
  try {
    const names = JSON.parse(forGood.get(RECENT) ?? "[]");
    return Array.isArray(names) ? names.filter((name) => typeof name === "string") : [];
  } catch {
    return [];
  }
}

/** @param {string} name @returns {Promise<Login>} */
async function logIn(name) {
  const response = await fetch(new URL("v1/dev/login", root), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name }),
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.detail ?? answer.title ?? `The server responded with status ${response.status}.`);
  return answer;
}

/** @param {string} name */
function remember(name) {
  const names = [name, ...recentNames().filter((other) => other !== name)].slice(0, RECENT_MAX);
  forGood.set(RECENT, JSON.stringify(names));
}
