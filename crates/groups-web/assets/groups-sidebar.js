/**
 * `<groups-sidebar>`: a list of one user's groups, with invitations and requests to join, updated in real time.
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
 * Properties: `client`, `selected` (a group id, also an attribute), `sort` (`newest`, `recent`, `name`, `largest`, also an attribute),
 * `filter`, `texts` (any of the {@link Texts}, for other languages), `noInvitations` (attribute `no-invitations`: hides invitations and
 * requests to join). Attribute `theme`: `light`, `dark` or `auto` (the system setting).
 * Default: the `color-scheme` of the page.
 *
 * Events, which bubble and are composed: `group-selected` (`detail.group_id`, `detail.group`) when the user selects a group;
 * `group-gone` (`detail.group_id`) when the selected group is no longer in the list; `waiting-failed` (`detail.group_id`, `detail.error`)
 * when an answer to an invitation, or the withdrawal of a request to join, was refused; the element says why.
 * Before an action: `invitation-accept`, `invitation-decline` (`detail.group_id`, `detail.invitation`), `request-withdraw`
 * (`detail.group_id`, `detail.request`). After `preventDefault()` the element does nothing.
 *
 * Slots: `actions` (next to the title), `empty` (replaces the hint for an empty list).
 *
 * Parts: `root`, `header`, `title`, `total`, `tools`, `filter`, `sort`, `list`, `row` (also `selected`, `fresh`, `pending`, `active` when
 * they apply), `waiting`, `waiting-title`, `invitation`, `request`, `accept`, `decline`, `withdraw`, `problem`, `avatar`, `name`, `meta`, `count`, `role`, `badge`, `note`, `retry`, `skeleton`, `status`, `dot`.
 * Custom properties: `--groups-background`, `-surface`, `-text`, `-muted`, `-border`, `-accent`, `-accent-text`, `-selected`, `-hover`,
 * `-highlight`, `-radius`, `-row-height`, `-font`.
 *
 * @import { AddedToGroup, GroupEvent } from "../types/wire.js"
 * @import { GroupsClient } from "./client/client.js"
 * @import { ListedGroup } from "./client/pending.js"
 * @import { Sort } from "./sidebar/order.js"
 * @import { Texts } from "./sidebar/texts.js"
 * @import { Tree } from "./sidebar/tree.js"
 */

import { isolated } from "./client/bidi.js";
import { say } from "./sidebar/element.js";
import { NextFrame } from "./sidebar/next-frame.js";
import { SORTS, arrange } from "./sidebar/order.js";
import { StatusLine } from "./sidebar/status.js";
import { STYLE } from "./sidebar/style.js";
import { ENGLISH } from "./sidebar/texts.js";
import { build, createRow, label, note, rowOf, updateRow } from "./sidebar/tree.js";
import { TypeAhead } from "./sidebar/type-ahead.js";
import { WaitingList } from "./sidebar/waiting.js";
import { RowWindow } from "./sidebar/window.js";

/** @type {CSSStyleSheet | undefined} */
let sheet;

/** The module can be imported during server-side rendering, where `HTMLElement` does not exist. */
const Base = globalThis.HTMLElement ?? class {};

export class GroupsSidebar extends Base {
  static observedAttributes = ["selected", "sort", "no-invitations"];

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
  /** @type {StatusLine | null} */
  #statusLine = null;
  /** @type {WaitingList | null} */
  #waiting = null;
  /** @type {readonly ListedGroup[]} */
  #listed = [];
  /** The row that has the keyboard focus. */
  #active = "";
  /** Groups that arrived and have not been opened yet. @type {Set<string>} */
  #fresh = new Set();
  /** Set while the element is connected. @type {AbortController | null} */
  #present = null;
  /** Removes the listeners on the client. @type {AbortController | null} */
  #listening = null;
  /** @type {ResizeObserver | null} */
  #resized = null;
  #nextFrame = new NextFrame(() => (this.#changed ? this.#render() : this.#window?.scrolled()));
  #typeAhead = new TypeAhead();
  /** Whether the list must be filtered and sorted again before it is drawn. */
  #stale = true;
  /** Whether anything other than the scroll position has changed since the last drawing. */
  #changed = true;

  // ---- Properties ----

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
    // If nothing is selected any more, the keyboard focus stays on its row.
    if (selected) this.#active = selected;
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

  /** Whether invitations and requests to join are hidden. */
  get noInvitations() {
    return this.hasAttribute("no-invitations");
  }

  set noInvitations(hidden) {
    this.toggleAttribute("no-invitations", Boolean(hidden));
  }

  /** @returns {Texts} */
  get texts() {
    return this.#texts;
  }

  /** @param {Partial<Texts>} texts */
  set texts(texts) {
    this.#texts = { ...ENGLISH, ...texts };
    if (this.#dom) label(this.#dom, this.#texts);
    this.#status();
    this.#arrange();
  }

  /** Focuses the list at its active row. If the list is empty, focuses the first focusable element. @param {FocusOptions} [options] */
  focus(options) {
    if (this.#dom && !this.#dom.list.hidden) this.#dom.list.focus(options);
    else super.focus(options);
  }

  // ---- Lifecycle ----

  connectedCallback() {
    // Properties set before the element was defined shadow the accessors: apply them again.
    for (const name of /** @type {const} */ (["client", "texts", "selected", "sort", "filter", "noInvitations"])) {
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
    // Runs before the focus event, which would otherwise scroll to the selected row.
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
    this.#nextFrame.cancel();
    this.#statusLine?.stop();
    this.#waiting?.stop();
  }

  /** @param {string} name @param {string | null} _old @param {string | null} value */
  attributeChangedCallback(name, _old, value) {
    if (name === "selected") this.selected = value ?? "";
    else if (name === "no-invitations") this.#draw();
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
    client?.on("added_to_group", (event) => this.#arrived(event), { signal });
    // A group that the user created is not marked as new.
    client?.on("group_created", ({ name }) => this.#announce(this.#texts.arrived(isolated(name))), { signal });
    for (const gone of /** @type {const} */ (["removed_from_group", "group_deleted"])) {
      client?.on(gone, (event) => this.#announce(this.#texts.gone(isolated(event.group_name), this.#actor(event))), { signal });
    }
    client?.on("invited_to_group", (event) => this.#announceWaiting(this.#texts.invited(isolated(event.group.name), this.#actor(event))), { signal });
    client?.on("invitation_ended", ({ group_name }) => this.#announceWaiting(this.#texts.uninvited(isolated(group_name))), { signal });
    client?.on("join_request_ended", ({ group_name }) => this.#announceWaiting(this.#texts.refused(isolated(group_name))), { signal });
    this.#status();
    this.#arrange();
  }

  // ---- User input ----

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

  /** When the list gets the focus, the selected row becomes active, or else the first. */
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
      " ": () => (this.#typeAhead.searching(event.timeStamp) ? this.#search(event) : this.#select(this.#active)),
    };
    const act = keys[event.key] ?? ([...event.key].length === 1 ? () => this.#search(event) : undefined);
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** @param {KeyboardEvent} event */
  #search({ key, timeStamp }) {
    const found = this.#typeAhead.type(key, this.#listed, this.#index(this.#active), timeStamp);
    if (found >= 0) this.#move(found);
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
    this.#emit("group-selected", { group_id: id, group });
  }

  /** Returns whether no listener has prevented it. @param {string} name @param {object} detail */
  #emit(name, detail) {
    return this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable: true }));
  }

  /** The last invitation or request to join is answered, and had the focus. */
  #leaveWaiting() {
    const dom = this.#dom;
    if (dom && !dom.note.hidden) dom.note.focus();
    else dom?.list.focus();
  }

  // ---- Events from the client ----

  /** @param {AddedToGroup} event */
  #arrived(event) {
    if (event.group_id !== this.#selected) this.#fresh.add(event.group_id);
    this.#announce(this.#texts.arrived(isolated(event.group_name), this.#actor(event)));
    this.#arrange();
  }

  /** The name of the user who made a change, if it is known and somebody else. @param {GroupEvent} event */
  #actor({ actor_id, actor_name }) {
    return actor_name && actor_id !== this.#client?.userId ? isolated(actor_name) : undefined;
  }

  /** @param {string} text */
  #announce(text) {
    if (this.#dom) this.#dom.news.textContent = text;
  }

  /** @param {string} text */
  #announceWaiting(text) {
    if (!this.noInvitations) this.#announce(text);
  }

  #status() {
    this.#statusLine?.show(this.#client?.status, this.#texts);
    this.#draw();
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
    this.#waiting = new WaitingList({
      emit: (name, detail) => this.#emit(name, detail),
      onChange: () => this.#draw(),
      onEmpty: () => this.#leaveWaiting(),
    });
    const dom = build(this.#waiting.root);
    root.append(dom.root);
    this.#dom = dom;
    this.#statusLine = new StatusLine(dom);
    label(dom, this.#texts);
    this.#status();
    dom.sort.value = this.#sort;
    this.#window = new RowWindow(dom.list, dom.space, {
      key: (group) => group.group_id,
      create: createRow,
      update: (row, group, index) => this.#updateRow(row, group, index),
    });
    return dom;
  }

  /** The list, the filter or the order has changed. */
  #arrange() {
    this.#stale = true;
    this.#draw();
  }

  /** Draws once in the next animation frame, however many changes come before it. */
  #draw() {
    this.#changed = true;
    this.#schedule();
  }

  #schedule() {
    if (this.#present) this.#nextFrame.ask();
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
    // Nothing has failed before the first attempt; after it, `reason` says what has.
    const failed = client !== null && !client.loaded && client.state !== "connecting" && client.status.reason !== "" && client.begun;
    const loading = !client?.loaded && !failed;
    const listed = this.#listed.length > 0;
    const focused = this.shadowRoot?.activeElement === dom.list;
    dom.skeleton.hidden = !loading || listed;
    dom.list.hidden = !listed;
    dom.list.setAttribute("aria-busy", String(loading));
    dom.note.hidden = listed || loading;
    if (!dom.note.hidden) note(dom, { failed, status: client?.status, filter: this.filter, texts: this.#texts });
    // The focused list has just disappeared: move the focus to the note that says why.
    if (focused && !listed) dom.note.focus();
    say(dom.total, client?.loaded ? groups.length.toLocaleString(document.documentElement.lang || undefined) : "");
    dom.total.hidden = !client?.loaded;
    dom.tools.hidden = groups.length === 0;
    const active = this.#index(this.#active);
    this.#window?.show(this.#listed, active);
    if (active >= 0) dom.list.setAttribute("aria-activedescendant", this.#active);
    else dom.list.removeAttribute("aria-activedescendant");
    this.#waiting?.show(this.noInvitations ? null : client, this.#texts);
  }

  /** @param {HTMLElement} row @param {ListedGroup} group @param {number} index */
  #updateRow(row, group, index) {
    const id = group.group_id;
    const states = { selected: id === this.#selected, fresh: this.#fresh.has(id), pending: group.pending ?? false, active: id === this.#active };
    updateRow(row, group, { states, texts: this.#texts, position: index + 1, size: this.#listed.length });
  }

  /** Clears the selection if the selected group is gone. */
  #checkSelected() {
    const id = this.#selected;
    if (!id || !this.#client?.loaded || this.#client.group(id)) return;
    this.selected = "";
    this.#emit("group-gone", { group_id: id });
  }

  /** @param {string} id */
  #index(id) {
    return id ? this.#listed.findIndex((group) => group.group_id === id) : -1;
  }
}

globalThis.customElements?.get("groups-sidebar") ?? globalThis.customElements?.define("groups-sidebar", GroupsSidebar);
