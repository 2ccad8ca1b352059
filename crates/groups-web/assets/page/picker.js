/**
 * Picks people: by name if the server has a directory (development mode), by user id otherwise.
 *
 * @import { NewMember, Person, Role } from "../../types/wire.js"
 * @import { Names } from "./names.js"
 * @import { Session } from "./session.js"
 */

import { isolated } from "../client/bidi.js";
import { idsIn } from "../members/ids.js";
import { hue, initials, plain } from "../sidebar/order.js";
import { h, icon, named } from "./dom.js";
import { sentence } from "./toasts.js";

/** After this pause in typing, in milliseconds, the directory is searched. */
const PAUSE_MS = 150;
const SUGGESTIONS_MAX = 8;

/** @param {string} userId @param {string} name */
export function face(userId, name) {
  const face = h("span", { class: "face", "aria-hidden": "true" }, initials(name));
  face.style.setProperty("--hue", String(hue(userId)));
  return face;
}

export class Picker {
  #session;
  #names;
  #without;
  /** @type {Map<string, Person>} */
  #picked = new Map();
  /** @type {{ person?: Person, newName?: string }[]} */
  #suggestions = [];
  #at = -1;
  #timer = 0;
  #asked = 0;
  #chips = h("div", { class: "chips" });
  #list = h("div", { class: "suggestions", role: "listbox", id: "people-list", hidden: true, "aria-label": "People" });
  #problem = h("p", { class: "problem", role: "alert" });
  #input;
  #role;
  element;

  /**
   * @param {{ session: Session, names: Names, roles: Role[], without?: (userId: string) => boolean, picked?: NewMember[] }} parts `roles`: none if the people get no role. `without`: people who are already members
   */
  constructor({ session, names, roles, without = () => false, picked = [] }) {
    this.#session = session;
    this.#names = names;
    this.#without = (/** @type {string} */ id) => id === session.userId || without(id);
    this.#input = h("input", {
      id: "people",
      testid: "people-input",
      role: "combobox",
      autocomplete: "off",
      spellcheck: false,
      "aria-controls": "people-list",
      "aria-expanded": "false",
      "aria-autocomplete": "list",
      placeholder: session.development ? "Type a name" : "Paste user ids",
      oninput: () => this.#typed(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
      onblur: () => this.#close(),
    });
    this.#role = h(
      "select",
      { id: "people-role", testid: "people-role", "aria-label": "Role" },
      ...roles.map((role) => h("option", { value: role }, role === "admin" ? "as admins" : "as members")),
    );
    const role = roles.length > 1 ? this.#role : null;
    const box = h("div", { class: "picker-line" }, h("div", { class: "picker-box" }, this.#chips, this.#input, this.#list), role);
    for (const { user_id } of picked) this.#picked.set(user_id, { user_id, name: names.of(user_id) });
    this.#draw();
    this.element = h("div", { class: "field" }, h("label", { htmlFor: "people" }, "People"), box, this.#problem);
  }

  /** The people to add, including what is left in the input field. @returns {Promise<NewMember[]>} */
  async members() {
    const left = this.#input.value.trim();
    if (left) await this.#take(this.#session.development ? await this.#named(left) : this.#ids(left));
    const role = /** @type {Role} */ (this.#role.value || "member");
    return [...this.#picked.keys()].map((user_id) => ({ user_id, role }));
  }

  /** A name that was typed but not picked: an existing person, or else a new one. @param {string} name */
  async #named(name) {
    const found = (await this.#session.people(name)).find((person) => plain(person.name) === plain(name));
    return [found ?? (await this.#session.newPerson(name))];
  }

  /** @param {string} text @returns {Person[]} */
  #ids(text) {
    const ids = idsIn(text);
    if (ids.length === 0) throw new Error("Enter a user id such as 0190c9b4-7e5a-7c3e-8f00-3f0a4a5b6c7d");
    return ids.map((user_id) => ({ user_id, name: this.#names.of(user_id) }));
  }

  /** @param {Person[]} people */
  async #take(people) {
    this.#names.learn(people);
    for (const person of people) {
      if (!this.#without(person.user_id)) this.#picked.set(person.user_id, person);
    }
    this.#input.value = "";
    this.#close();
    this.#draw();
  }

  #draw() {
    const chip = (/** @type {Person} */ { user_id, name }) =>
      h(
        "span",
        { class: "chip picked", testid: "people-picked" },
        face(user_id, name),
        named(name),
        h("button", { type: "button", class: "bare small", "aria-label": `Remove ${isolated(name)}`, onclick: () => this.#unpick(user_id) }, icon("close")),
      );
    this.#chips.replaceChildren(...[...this.#picked.values()].map(chip));
  }

  /** @param {string} userId */
  #unpick(userId) {
    this.#picked.delete(userId);
    this.#draw();
    this.#input.focus();
  }

  #typed() {
    if (!this.#session.development) {
      if (idsIn(this.#input.value).length > 0) void this.#take(this.#ids(this.#input.value));
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.#search(), PAUSE_MS);
  }

  async #search() {
    const query = this.#input.value.trim();
    const asked = (this.#asked += 1);
    const people = await this.#session.people(query).catch(() => []);
    if (asked !== this.#asked || !this.#input.isConnected || document.activeElement !== this.#input) return;
    this.#names.learn(people);
    const open = people.filter(({ user_id }) => !this.#without(user_id) && !this.#picked.has(user_id));
    this.#suggestions = open.slice(0, SUGGESTIONS_MAX).map((person) => ({ person }));
    const known = people.some((person) => plain(person.name) === plain(query));
    if (query && !known) this.#suggestions.push({ newName: query });
    this.#at = query && this.#suggestions.length > 0 ? 0 : -1;
    this.#open();
  }

  #open() {
    this.#list.replaceChildren(
      ...this.#suggestions.map(({ person, newName }, index) =>
        h(
          "div",
          {
            role: "option",
            id: `people-${index}`,
            testid: "people-option",
            "aria-selected": String(index === this.#at),
            // Keep the focus in the input field.
            onpointerdown: (/** @type {Event} */ event) => {
              event.preventDefault();
              void this.#pick(index);
            },
          },
          person ? face(person.user_id, person.name) : icon("plus"),
          named(person ? person.name : `${newName}`),
          person ? null : h("span", { class: "hint" }, "new person"),
        ),
      ),
    );
    this.#list.hidden = this.#suggestions.length === 0;
    this.#input.setAttribute("aria-expanded", String(!this.#list.hidden));
    if (this.#at >= 0) this.#input.setAttribute("aria-activedescendant", `people-${this.#at}`);
    else this.#input.removeAttribute("aria-activedescendant");
  }

  #close() {
    clearTimeout(this.#timer);
    this.#asked += 1;
    this.#at = -1;
    this.#suggestions = [];
    this.#open();
  }

  /** @param {number} index */
  async #pick(index) {
    const { person, newName } = this.#suggestions[index] ?? {};
    this.#problem.textContent = "";
    try {
      if (person) await this.#take([person]);
      else if (newName) await this.#take([await this.#session.newPerson(newName)]);
    } catch (error) {
      this.#problem.textContent = sentence(error);
    }
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const count = this.#suggestions.length;
    if (event.key === "Enter" && this.#input.value.trim()) {
      event.preventDefault();
      if (this.#at >= 0) void this.#pick(this.#at);
      else if (this.#session.development) void this.#search();
    } else if (event.key === "ArrowDown" && count === 0) {
      event.preventDefault();
      void this.#search();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && count > 0) {
      event.preventDefault();
      this.#at = (this.#at + (event.key === "ArrowDown" ? 1 : -1) + count) % count;
      this.#open();
    } else if (event.key === "Escape" && count > 0) {
      event.preventDefault();
      event.stopPropagation();
      this.#close();
    } else if (event.key === "Backspace" && !this.#input.value) {
      const last = [...this.#picked.keys()].at(-1);
      if (last) this.#unpick(last);
    }
  }
}
