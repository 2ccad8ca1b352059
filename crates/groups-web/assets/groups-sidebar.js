/**
 * `<groups-sidebar>`: one user's groups, live, in any page.
 *
 * ```html
 * <groups-sidebar></groups-sidebar>
 * <script type="module">
 *   import { GroupsClient } from "./groups-client.js";
 *   import "./groups-sidebar.js";
 *
 *   const client = new GroupsClient({ url: "https://groups.example/", getToken: () => myToken });
 *   document.querySelector("groups-sidebar").client = client;
 *   client.connect();
 * </script>
 * ```
 *
 * Properties: `client`, `selected` (a group's id, also an attribute), `sort` (`newest`, `recent`, `name`, `largest`, also an attribute),
 * `filter`, `texts` (any of the {@link Texts}, for other languages). Attribute `theme`: `light`, `dark`, `auto` (the system's); without
 * it the sidebar follows the `color-scheme` of the page.
 *
 * Events, which bubble and leave the shadow tree: `group-selected` (`detail.group_id`, `detail.group`), by the user;
 * `group-gone` (`detail.group_id`), when the selected group is no longer in the list.
 *
 * Slots: `actions` (beside the title), `empty` (in place of the hint for an empty list).
 *
 * Parts: `root`, `header`, `title`, `total`, `tools`, `filter`, `sort`, `list`, `row` (with `selected`, `fresh`, `pending`, `active` where it
 * is so), `avatar`, `name`, `meta`, `count`, `role`, `badge`, `note`, `retry`, `skeleton`, `status`, `dot`.
 * Custom properties: `--groups-background`, `-surface`, `-text`, `-muted`, `-border`, `-accent`, `-accent-text`, `-selected`, `-hover`,
 * `-highlight`, `-radius`, `-row-height`, `-font`.
 *
 * @import { GroupsClient } from "./client/client.js"
 * @import { ListedGroup } from "./client/pending.js"
 * @import { Sort } from "./sidebar/order.js"
 * @import { Texts } from "./sidebar/texts.js"
 * @import { Tree } from "./sidebar/tree.js"
 */

import { say } from "./sidebar/element.js";
import { SORTS, arrange } from "./sidebar/order.js";
import { STYLE } from "./sidebar/style.js";
import { ENGLISH } from "./sidebar/texts.js";
import { build, createRow, rowOf, updateRow } from "./sidebar/tree.js";
import { RowWindow } from "./sidebar/window.js";

/** A page that is hidden draws no frames: then after so many milliseconds. */
const DRAW_MS_MAX = 120;
/** Letters typed within so many milliseconds are one search. */
const TYPE_AHEAD_MS = 700;

/** @type {CSSStyleSheet | undefined} */
let sheet;

/** On a server there are no elements, and the module can be imported all the same. */
const Base = globalThis.HTMLElement ?? class {};

export class GroupsSidebar extends Base {
  static observedAttributes = ["selected", "sort"];

  /** @type {GroupsClient | null} */
  #client = null;
  /** @type {Texts} */
  #texts = ENGLISH;
  /** @type {Sort} */
  #sort = "newest";
  #selected = "";
  /** @type {Tree | null} */
  #dom = null;
  /** @type {RowWindow<ListedGroup> | null} */
  #window = null;
  /** @type {readonly ListedGroup[]} */
  #listed = [];
  /** The row that the keyboard is on. */
  #active = "";
  /** What came in since it was last looked at. @type {Set<string>} */
  #fresh = new Set();
  /** While it is in the page. @type {AbortController | null} */
  #present = null;
  /** Ends listening to the client. @type {AbortController | null} */
  #listening = null;
  /** @type {ResizeObserver | null} */
  #resized = null;
  #drawAt = { frame: 0, timer: 0 };
  #countdown = 0;
  /** When the next try of the connection is due. */
  #retryAt = 0;
  #typed = { text: "", at: 0 };
  /** Whether the list has to be arranged anew, or only drawn. */
  #stale = true;
  /** Whether anything has changed since it was drawn, besides what is in sight. */
  #changed = true;

  // ---- What a page sets ----

  get client() {
    return this.#client;
  }

  set client(client) {
    if (client === this.#client) return;
    this.#client = client;
    this.#fresh.clear();
    if (this.#present) this.#listen();
  }

  /** The id of the selected group, or an empty string. */
  get selected() {
    return this.#selected;
  }

  set selected(id) {
    const selected = id ?? "";
    if (selected === this.#selected) return;
    this.#selected = selected;
    this.#active = selected;
    this.#fresh.delete(selected);
    if (selected) this.setAttribute("selected", selected);
    else this.removeAttribute("selected");
    this.#draw();
  }

  get sort() {
    return this.#sort;
  }

  set sort(sort) {
    if (!SORTS.includes(sort) || sort === this.#sort) return;
    this.#sort = sort;
    if (this.#dom) this.#dom.sort.value = sort;
    this.#arrange();
  }

  get filter() {
    return this.#dom?.filter.value ?? "";
  }

  set filter(filter) {
    this.#build().filter.value = filter;
    this.#arrange();
  }

  /** @returns {Texts} */
  get texts() {
    return this.#texts;
  }

  /** @param {Partial<Texts>} texts */
  set texts(texts) {
    this.#texts = { ...ENGLISH, ...texts };
    if (this.#dom) this.#label(this.#dom);
    this.#arrange();
  }

  // ---- Its life in the page ----

  connectedCallback() {
    // What was set before the element was defined is on it as plain properties.
    for (const name of /** @type {const} */ (["client", "texts", "selected", "sort", "filter"])) {
      if (!Object.hasOwn(this, name)) continue;
      const value = this[name];
      delete (/** @type {any} */ (this)[name]);
      /** @type {any} */ (this)[name] = value;
    }
    const dom = this.#build();
    this.#present = new AbortController();
    const { signal } = this.#present;
    dom.filter.addEventListener("input", () => this.#filtered(), { signal });
    dom.filter.addEventListener("keydown", (event) => this.#filterKey(event), { signal });
    dom.sort.addEventListener("change", () => (this.sort = /** @type {Sort} */ (dom.sort.value)), { signal });
    dom.list.addEventListener("keydown", (event) => this.#key(event), { signal });
    dom.list.addEventListener("click", (event) => this.#click(event), { signal });
    // Before the focus comes in, which would go to the selected row and scroll there.
    dom.list.addEventListener("pointerdown", (event) => (this.#active = rowOf(event)?.id ?? this.#active), { signal });
    dom.list.addEventListener("focus", () => this.#focused(), { signal });
    dom.list.addEventListener("scroll", () => this.#schedule(), { signal, passive: true });
    dom.retry.addEventListener("click", () => this.#client?.retry(), { signal });
    this.#resized = new ResizeObserver(() => this.#draw());
    this.#resized.observe(dom.list);
    this.#listen();
  }

  disconnectedCallback() {
    this.#present?.abort();
    this.#present = null;
    this.#listening?.abort();
    this.#listening = null;
    this.#resized?.disconnect();
    this.#resized = null;
    this.#cancelDraw();
    clearInterval(this.#countdown);
  }

  /** @param {string} name @param {string | null} _old @param {string | null} value */
  attributeChangedCallback(name, _old, value) {
    if (name === "selected") this.selected = value ?? "";
    else this.sort = /** @type {Sort} */ (value);
  }

  #listen() {
    this.#listening?.abort();
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const client = this.#client;
    client?.on("change", () => this.#arrange(), { signal });
    client?.on("state", () => this.#status(), { signal });
    client?.on("ready", () => this.#arrange(), { signal });
    client?.on("added_to_group", ({ group_id, group_name }) => this.#arrived(group_id, group_name), { signal });
    // What one has made oneself is no surprise.
    client?.on("group_created", ({ name }) => this.#announce(this.#texts.arrived(name)), { signal });
    client?.on("removed_from_group", ({ group_name }) => this.#announce(this.#texts.gone(group_name)), { signal });
    client?.on("group_deleted", ({ group_name }) => this.#announce(this.#texts.gone(group_name)), { signal });
    this.#status();
    this.#arrange();
  }

  // ---- What the user does ----

  #filtered() {
    if (this.#dom) this.#dom.list.scrollTop = 0;
    this.#active = "";
    this.#arrange();
  }

  /** @param {KeyboardEvent} event */
  #filterKey(event) {
    if (event.key === "Escape" && this.filter) {
      event.preventDefault();
      this.filter = "";
    } else if (event.key === "ArrowDown" && this.#listed.length > 0) {
      event.preventDefault();
      this.#dom?.list.focus();
    }
  }

  /** The list is entered: the keyboard is on the selected row, or the first. */
  #focused() {
    if (this.#index(this.#active) < 0) this.#move(Math.max(0, this.#index(this.#selected)));
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const row = rowOf(event);
    if (row) this.#select(row.id);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const at = this.#index(this.#active);
    const page = this.#window?.pageRows ?? 1;
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowDown: () => this.#move(at + 1),
      ArrowUp: () => this.#move(at - 1),
      PageDown: () => this.#move(at + page),
      PageUp: () => this.#move(at - page),
      Home: () => this.#move(0),
      End: () => this.#move(this.#listed.length - 1),
      Enter: () => this.#select(this.#active),
      " ": () => (this.#searching() ? this.#typeAhead(" ") : this.#select(this.#active)),
    };
    const act = keys[event.key] ?? ([...event.key].length === 1 ? () => this.#typeAhead(event.key) : undefined);
    if (!act) return;
    event.preventDefault();
    act();
  }

  #searching() {
    return this.#typed.text !== "" && performance.now() - this.#typed.at < TYPE_AHEAD_MS;
  }

  /** Letters go to the next name that begins with them. @param {string} letter */
  #typeAhead(letter) {
    const text = (this.#searching() ? this.#typed.text : "") + letter.toLocaleLowerCase();
    this.#typed = { text, at: performance.now() };
    const from = this.#index(this.#active) + ([...text].length === 1 ? 1 : 0);
    const order = [...this.#listed.keys()].map((_, step) => (Math.max(0, from) + step) % this.#listed.length);
    const found = order.find((index) => this.#listed[index].name.toLocaleLowerCase().startsWith(text));
    if (found !== undefined) this.#move(found);
  }

  /** @param {number} index */
  #move(index) {
    const to = Math.max(0, Math.min(this.#listed.length - 1, index));
    const group = this.#listed[to];
    if (!group) return;
    this.#active = group.group_id;
    this.#render();
    this.#window?.reveal(to);
  }

  /** @param {string} id */
  #select(id) {
    const group = this.#client?.group(id);
    if (!group || group.pending) return;
    this.selected = id;
    this.#render();
    const detail = { group_id: id, group };
    this.dispatchEvent(new CustomEvent("group-selected", { detail, bubbles: true, composed: true }));
  }

  // ---- What the client says ----

  /** @param {string} id @param {string} name */
  #arrived(id, name) {
    if (id !== this.#selected) this.#fresh.add(id);
    this.#announce(this.#texts.arrived(name));
    this.#arrange();
  }

  /** @param {string} text */
  #announce(text) {
    if (this.#dom) this.#dom.news.textContent = text;
  }

  #status() {
    const { client } = this;
    const dom = this.#dom;
    if (!dom) return;
    const { state, reason, retryInMs } = client?.status ?? { state: "connecting", reason: "", retryInMs: undefined };
    const key = state === "signed-out" ? "signedOut" : state;
    dom.status.dataset.state = state;
    dom.status.title = reason;
    say(dom.stateText, this.#texts[key]);
    clearInterval(this.#countdown);
    this.#retryAt = performance.now() + (retryInMs ?? 0);
    this.#tick();
    if (retryInMs) this.#countdown = window.setInterval(() => this.#tick(), 1_000);
    this.#draw();
  }

  #tick() {
    const seconds = Math.ceil((this.#retryAt - performance.now()) / 1_000);
    // A wait that is over before it is read is not worth a number.
    if (this.#dom) say(this.#dom.countdown, seconds > 1 ? this.#texts.retryIn(seconds) : "");
    if (seconds <= 1) clearInterval(this.#countdown);
  }

  // ---- Drawing ----

  #build() {
    if (this.#dom) return this.#dom;
    const root = this.attachShadow({ mode: "open", delegatesFocus: true });
    if (!sheet) {
      sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
    }
    root.adoptedStyleSheets = [sheet];
    const dom = build();
    root.append(dom.root);
    this.#dom = dom;
    this.#label(dom);
    dom.sort.value = this.#sort;
    this.#window = new RowWindow(dom.list, dom.space, {
      key: (group) => group.group_id,
      create: createRow,
      update: (row, group, index) => this.#updateRow(row, group, index),
    });
    return dom;
  }

  /** @param {Tree} dom */
  #label(dom) {
    const texts = this.#texts;
    say(dom.title, texts.title);
    dom.root.setAttribute("aria-label", texts.title);
    dom.filter.placeholder = texts.filter;
    dom.filter.setAttribute("aria-label", texts.filter);
    dom.sort.setAttribute("aria-label", texts.sort);
    for (const option of dom.sort.options) option.textContent = texts[/** @type {Sort} */ (option.value)];
    dom.list.setAttribute("aria-label", texts.title);
    say(dom.loading, texts.loading);
    say(dom.retry, texts.retry);
    this.#status();
  }

  /** The list, the filter or the order has changed. */
  #arrange() {
    this.#stale = true;
    this.#draw();
  }

  /** Draws with the next frame, however many changes come before it. */
  #draw() {
    this.#changed = true;
    this.#schedule();
  }

  #schedule() {
    if (!this.#present || this.#drawAt.timer) return;
    const draw = () => {
      this.#cancelDraw();
      if (this.#changed) this.#render();
      else this.#window?.scrolled();
    };
    this.#drawAt = { frame: requestAnimationFrame(draw), timer: window.setTimeout(draw, DRAW_MS_MAX) };
  }

  #cancelDraw() {
    cancelAnimationFrame(this.#drawAt.frame);
    clearTimeout(this.#drawAt.timer);
    this.#drawAt = { frame: 0, timer: 0 };
  }

  #render() {
    const dom = this.#dom;
    if (!dom) return;
    this.#changed = false;
    const client = this.#client;
    const groups = client?.groups ?? [];
    if (this.#stale) {
      this.#stale = false;
      const collator = new Intl.Collator(this.closest("[lang]")?.getAttribute("lang") || undefined, { numeric: true });
      this.#listed = arrange(groups, { filter: this.filter, sort: this.#sort, collator });
      this.#checkSelected();
    }
    // Before the first try nothing has failed, and after it the reason says what has.
    const failed = client !== null && !client.loaded && client.state !== "connecting" && client.status.reason !== "" && client.begun;
    const loading = !client?.loaded && !failed;
    const listed = this.#listed.length > 0;
    dom.skeleton.hidden = !loading || listed;
    dom.list.hidden = !listed;
    dom.list.setAttribute("aria-busy", String(loading));
    dom.note.hidden = listed || loading;
    this.#note(failed);
    say(dom.total, client?.loaded ? groups.length.toLocaleString(document.documentElement.lang || undefined) : "");
    dom.total.hidden = !client?.loaded;
    dom.tools.hidden = groups.length === 0;
    const active = this.#index(this.#active);
    this.#window?.show(this.#listed, active);
    if (active >= 0) dom.list.setAttribute("aria-activedescendant", this.#active);
    else dom.list.removeAttribute("aria-activedescendant");
  }

  /** @param {boolean} failed */
  #note(failed) {
    const dom = this.#dom;
    if (!dom || dom.note.hidden) return;
    const texts = this.#texts;
    say(dom.noteTitle, failed ? texts.failed : this.filter ? texts.nothing(this.filter) : texts.empty);
    say(dom.noteText, failed ? (this.#client?.status.reason ?? "") : this.filter ? "" : texts.emptyHint);
    dom.hint.hidden = failed || this.filter !== "";
    dom.noteText.hidden = !failed;
    say(dom.emptyHint, texts.emptyHint);
    dom.retry.hidden = !failed || this.#client?.state === "signed-out";
  }

  /** @param {HTMLElement} row @param {ListedGroup} group @param {number} index */
  #updateRow(row, group, index) {
    const id = group.group_id;
    const states = { selected: id === this.#selected, fresh: this.#fresh.has(id), pending: group.pending ?? false, active: id === this.#active };
    updateRow(row, group, { states, texts: this.#texts, position: index + 1, size: this.#listed.length });
  }

  /** A selected group that has gone is not selected any more. */
  #checkSelected() {
    const id = this.#selected;
    if (!id || !this.#client?.loaded || this.#client.group(id)) return;
    this.selected = "";
    this.dispatchEvent(new CustomEvent("group-gone", { detail: { group_id: id }, bubbles: true, composed: true }));
  }

  /** @param {string} id */
  #index(id) {
    return id ? this.#listed.findIndex((group) => group.group_id === id) : -1;
  }
}

globalThis.customElements?.get("groups-sidebar") ?? globalThis.customElements?.define("groups-sidebar", GroupsSidebar);
