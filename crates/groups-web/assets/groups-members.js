/**
 * `<groups-members>`: the members of one group, updated in real time.
 *
 * ```html
 * <groups-members group-id="01a206fc-a2ba-74e0-b762-1f02155aaf9f" manage></groups-members>
 * <script type="module">
 *   import { GroupsClient } from "./groups-client.js";
 *   import "./groups-members.js";
 *
 *   const client = new GroupsClient({ url: "https://groups.example/", getToken: () => myToken });
 *   document.querySelector("groups-members").client = client;
 *   client.connect();
 * </script>
 * ```
 *
 * Properties: `client` (the same as for the sidebar), `groupId` (attribute `group-id`), `manage` (also an attribute: shows the actions that
 * the user's role allows), `filter`, `texts` (any of the {@link MemberTexts}). Attribute `theme` as for `<groups-sidebar>`.
 *
 * Events, which bubble and are composed: `member-selected` (`detail.group_id`, `detail.member`); `group-gone` (`detail.group_id`) when the user
 * is no longer in the group; `member-failed` (`detail.group_id`, `detail.error`) when an action was refused. Before an action, and cancelable:
 * `member-add` (`detail.members`), `member-remove` (`detail.member`), `member-role` (`detail.member`, `detail.role`). After `preventDefault()`
 * the element neither asks for confirmation nor does anything, so that a page can use its own dialogs.
 *
 * Slot: `actions` (next to the title).
 *
 * Parts: `root`, `header`, `title`, `total`, `actions`, `tools`, `filter`, `add`, `add-ids`, `add-role`, `add-submit`, `said`, `partly`, `list`, `row` (also
 * the role, and `self`, `active`, `busy` when they apply), `who`, `avatar`, `name`, `you`, `meta`, `role`, `role-select`, `remove`, `more`,
 * `note`, `retry`, `skeleton`, `confirm`, `cancel`, `submit`. Custom properties: those of `<groups-sidebar>`.
 *
 * @import { Group, GroupUpdated, Member, Role } from "../types/wire.js"
 * @import { GroupsClient } from "./client/client.js"
 * @import { MemberTexts } from "./members/texts.js"
 * @import { MemberTree } from "./members/tree.js"
 */

import { isolated } from "./client/bidi.js";
import { canAdd, canChangeRole, canRemove, canTransfer, rolesToGive } from "./client/permissions.js";
import { MemberActions } from "./members/actions.js";
import { MemberList } from "./members/list.js";
import { STYLE } from "./members/style.js";
import { ENGLISH } from "./members/texts.js";
import { build, createRow, label, offer, rowOf, shownName, updateRow } from "./members/tree.js";
import { say } from "./sidebar/element.js";
import { NextFrame } from "./sidebar/next-frame.js";
import { plain } from "./sidebar/order.js";
import { TypeAhead } from "./sidebar/type-ahead.js";
import { RowWindow } from "./sidebar/window.js";

/** When fewer rows than this are below the visible ones, the next page is loaded. */
const ROWS_AHEAD = 20;
/** After a member joins, their name is awaited for this many milliseconds before screen readers are told. */
const NAME_MS = 600;

/** @type {CSSStyleSheet | undefined} */
let sheet;

/** The module can be imported during server-side rendering, where `HTMLElement` does not exist. */
const Base = globalThis.HTMLElement ?? class {};

export class GroupsMembers extends Base {
  static observedAttributes = ["group-id", "manage"];

  /** @type {GroupsClient | null} */
  #client = null;
  #groupId = "";
  /** @type {MemberTexts} */
  #texts = ENGLISH;
  /** @type {MemberTree | null} */
  #dom = null;
  /** @type {RowWindow<Member> | null} */
  #window = null;
  /** Open while the element is connected and the user is in the group. @type {MemberList | null} */
  #members = null;
  /** The group as it was last known: also after it is gone. @type {Group | undefined} */
  #group;
  /** The members that match the filter. @type {readonly Member[]} */
  #listed = [];
  /** The row that Tab moves into. */
  #active = "";
  /** @type {MemberActions | null} */
  #actions = null;
  /** Set while the element is connected. @type {AbortController | null} */
  #present = null;
  /** Removes the listeners on the client. @type {AbortController | null} */
  #listening = null;
  /** @type {ResizeObserver | null} */
  #resized = null;
  #nextFrame = new NextFrame(() => (this.#changed ? this.#render() : this.#scrolled()));
  #typeAhead = new TypeAhead();
  #dates = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
  /** Whether anything other than the scroll position has changed since the last drawing. */
  #changed = true;

  // ---- Properties ----

  get client() {
    return this.#client;
  }

  set client(client) {
    if (client === this.#client) return;
    this.#client = client;
    this.#close();
    if (this.#present) this.#listen();
  }

  /** The id of the group, or an empty string. */
  get groupId() {
    return this.#groupId;
  }

  set groupId(id) {
    const groupId = id ?? "";
    if (groupId === this.#groupId) return;
    this.#groupId = groupId;
    if (groupId) this.setAttribute("group-id", groupId);
    else this.removeAttribute("group-id");
    this.#close();
    if (this.#dom) this.#dom.filter.value = "";
    this.#follow();
  }

  /** Whether the actions that the user's role allows are shown. */
  get manage() {
    return this.hasAttribute("manage");
  }

  set manage(manage) {
    this.toggleAttribute("manage", Boolean(manage));
  }

  get filter() {
    return this.#dom?.filter.value ?? "";
  }

  set filter(filter) {
    this.#build().filter.value = filter;
    this.#draw();
  }

  /** @returns {MemberTexts} */
  get texts() {
    return this.#texts;
  }

  /** @param {Partial<MemberTexts>} texts */
  set texts(texts) {
    this.#texts = { ...ENGLISH, ...texts };
    if (this.#dom) label(this.#dom, this.#texts);
    this.#draw();
  }

  /** Focuses the active row. If the list is empty, focuses the filter. @param {FocusOptions} [options] */
  focus(options) {
    (this.#row(this.#active) ?? this.#dom?.filter)?.focus(options);
  }

  // ---- Lifecycle ----

  connectedCallback() {
    // Properties set before the element was defined shadow the accessors: apply them again.
    for (const name of /** @type {const} */ (["client", "texts", "groupId", "manage", "filter"])) {
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
    dom.list.addEventListener("keydown", (event) => this.#key(event), { signal });
    dom.list.addEventListener("click", (event) => this.#click(event), { signal });
    dom.list.addEventListener("change", ({ target }) => this.#chosen(/** @type {HTMLSelectElement} */ (target)), { signal });
    dom.list.addEventListener("focusin", (event) => this.#activate(rowOf(event.target)?.id), { signal });
    dom.list.addEventListener("scroll", () => this.#schedule(), { signal, passive: true });
    dom.add.addEventListener("submit", (event) => this.#submitted(event), { signal });
    dom.more.addEventListener("click", () => void this.#members?.next(), { signal });
    dom.retry.addEventListener("click", () => void this.#members?.load(), { signal });
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
    this.#dom?.confirm.close();
    this.#close();
  }

  /** @param {string} name @param {string | null} _old @param {string | null} value */
  attributeChangedCallback(name, _old, value) {
    if (name === "group-id") this.groupId = value ?? "";
    else this.#draw();
  }

  #listen() {
    this.#listening?.abort();
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    // Registered before the list, which then still has the names of members who leave.
    this.#client?.on("group_updated", (event) => this.#announce(event), { signal });
    for (const name of /** @type {const} */ (["change", "ready"])) this.#client?.on(name, () => this.#follow(), { signal });
    this.#follow();
  }

  // ---- The group ----

  /** Opens the list of members while the user is in the group. */
  #follow() {
    const client = this.#client;
    if (!client || !this.#present) return this.#draw();
    const group = this.#groupId ? client.group(this.#groupId) : undefined;
    const gone = client.loaded && !group;
    const was = this.#group;
    // The group is gone, or the list, because the client belongs to another user now.
    if (gone || (was && !group)) this.#close();
    if (gone) {
      if (was) this.#emit("group-gone", {});
    } else {
      this.#group = group;
      // The id of a group that is being created is provisional.
      if (this.#groupId && !group?.pending) this.#members ??= new MemberList({ client, groupId: this.#groupId, onChange: () => this.#draw() });
    }
    this.#draw();
  }

  /** Forgets everything about the group. */
  #close() {
    this.#members?.close();
    this.#members = null;
    this.#group = undefined;
    this.#active = "";
    this.#actions?.forget();
  }

  /** Tells screen readers who has joined or left. @param {GroupUpdated} event */
  #announce(event) {
    if (event.group_id !== this.#groupId) return;
    const banned = event.action === "banned" && this.#members?.get(event.user_id);
    if (banned || event.action === "member_removed" || event.action === "member_left") {
      this.#news(this.#texts.left(this.#nameOf(event.user_id)));
    } else if (event.action === "member_added") {
      const { user_id } = event;
      const members = this.#members;
      const known = () => members !== null && members === this.#members && members.get(user_id);
      setTimeout(() => known() && this.#news(this.#texts.arrived(this.#nameOf(user_id))), NAME_MS);
    }
  }

  /** @param {string} text */
  #news(text) {
    if (this.#dom) this.#dom.news.textContent = text;
  }

  /** @param {string} userId */
  #nameOf(userId) {
    return isolated(shownName(this.#members?.get(userId) ?? { user_id: userId }));
  }

  // ---- User input ----

  #filtered() {
    if (this.#dom) this.#dom.list.scrollTop = 0;
    this.#active = "";
    this.#draw();
  }

  /** @param {KeyboardEvent} event */
  #filterKey(event) {
    if (event.key === "Escape" && this.filter) {
      event.preventDefault();
      this.filter = "";
      this.#filtered();
    } else if (event.key === "ArrowDown" && this.#listed.length > 0) {
      event.preventDefault();
      this.#move(Math.max(0, this.#index(this.#active)));
    }
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    // The keys of a focused role field are its own.
    if (event.altKey || event.ctrlKey || event.metaKey || event.target instanceof HTMLSelectElement) return;
    const at = this.#index(this.#active);
    const page = this.#window?.pageRows ?? 1;
    const inRow = rowOf(event.target) === event.target;
    /** @type {Record<string, (() => void) | false>} */
    const keys = {
      ArrowDown: () => this.#move(at + 1),
      ArrowUp: () => this.#move(at - 1),
      PageDown: () => this.#move(at + page),
      PageUp: () => this.#move(at - page),
      Home: () => this.#move(0),
      End: () => this.#move(this.#listed.length - 1),
      Enter: inRow && (() => this.#select(this.#active)),
      Delete: inRow && (() => void this.#actions?.remove(this.#active)),
    };
    const letter = inRow && [...event.key].length === 1 && event.key !== " ";
    const act = keys[event.key] ?? (letter ? () => this.#search(event) : undefined);
    if (!act) return;
    event.preventDefault();
    act();
  }

  /** @param {KeyboardEvent} event */
  #search({ key, timeStamp }) {
    const names = this.#listed.map((member) => ({ name: shownName(member) }));
    const found = this.#typeAhead.type(key, names, this.#index(this.#active), timeStamp);
    if (found >= 0) this.#move(found);
  }

  /** Moves the focus to a row. @param {number} index */
  #move(index) {
    const to = Math.max(0, Math.min(this.#listed.length - 1, index));
    const member = this.#listed[to];
    if (!member) return;
    this.#active = member.user_id;
    this.#render();
    this.#window?.reveal(to);
    this.#row(member.user_id)?.focus({ preventScroll: true });
    this.#loadAhead();
  }

  /** @param {string | undefined} id */
  #activate(id) {
    if (!id || id === this.#active) return;
    this.#active = id;
    this.#draw();
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const id = rowOf(event.target)?.id;
    if (!id || event.target instanceof HTMLSelectElement) return;
    if (event.target instanceof HTMLButtonElement) void this.#actions?.remove(id);
    else this.#select(id);
  }

  /** @param {HTMLSelectElement} select */
  #chosen(select) {
    void this.#actions?.changeRole(rowOf(select)?.id ?? "", /** @type {Role} */ (select.value));
  }

  /** @param {SubmitEvent} event */
  #submitted(event) {
    event.preventDefault();
    void this.#actions?.add();
  }

  /** @param {string} id */
  #select(id) {
    const member = this.#members?.get(id);
    if (member) this.#emit("member-selected", { member });
  }

  /** @param {string} name @param {object} detail @returns {boolean} whether no listener has prevented the action */
  #emit(name, detail) {
    const event = new CustomEvent(name, { detail: { group_id: this.#groupId, ...detail }, bubbles: true, composed: true, cancelable: true });
    return this.dispatchEvent(event);
  }

  // ---- Drawing ----

  #build() {
    if (this.#dom) return this.#dom;
    const root = this.attachShadow({ mode: "open" });
    if (!sheet) {
      sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
    }
    root.adoptedStyleSheets = [sheet];
    const dom = build();
    root.append(dom.root);
    this.#dom = dom;
    label(dom, this.#texts);
    this.#actions = new MemberActions(dom, {
      now: () => ({ client: this.#client, groupId: this.#groupId, group: this.#group, members: this.#members, texts: this.#texts, manage: this.manage }),
      emit: (name, detail) => this.#emit(name, detail),
      onChange: () => this.#draw(),
    });
    this.#window = new RowWindow(dom.list, dom.space, {
      key: (member) => member.user_id,
      create: createRow,
      update: (row, member, index) => this.#updateRow(row, member, index),
    });
    return dom;
  }

  /** Draws once in the next animation frame, however many changes come before it. */
  #draw() {
    this.#changed = true;
    this.#schedule();
  }

  #schedule() {
    if (this.#present) this.#nextFrame.ask();
  }

  #scrolled() {
    this.#window?.scrolled();
    this.#loadAhead();
  }

  #render() {
    const dom = this.#dom;
    if (!dom) return;
    this.#changed = false;
    const members = this.#members;
    const group = this.#group;
    const texts = this.#texts;
    const all = members?.list ?? [];
    const wanted = plain(this.filter);
    const focused = rowOf(this.shadowRoot?.activeElement)?.id;
    const before = focused ? this.#index(focused) : -1;
    this.#listed = wanted ? all.filter((member) => plain(shownName(member)).includes(wanted)) : all;
    if (this.#index(this.#active) < 0) this.#active = this.#listed[Math.min(Math.max(0, before), this.#listed.length - 1)]?.user_id ?? "";

    const loaded = members?.loaded ?? false;
    const gone = this.#client?.loaded === true && !group && this.#groupId !== "";
    const failed = !gone && !loaded && Boolean(members?.error);
    const listed = this.#listed.length > 0;
    dom.skeleton.hidden = loaded || gone || failed;
    dom.list.hidden = !listed;
    dom.note.hidden = listed || !(loaded || gone || failed);
    say(dom.noteText, gone ? texts.gone : failed ? texts.failed : texts.nothing(isolated(this.filter)));
    say(dom.noteReason, failed && members?.error instanceof Error ? members.error.message : "");
    dom.retry.hidden = !failed;
    dom.total.hidden = !loaded;
    const count = group?.member_count ?? all.length;
    say(dom.total, count.toLocaleString(document.documentElement.lang || undefined));
    dom.total.title = texts.members(count);
    dom.list.setAttribute("aria-rowcount", String(wanted ? this.#listed.length : count));
    dom.tools.hidden = all.length < 2 && !wanted;
    dom.more.hidden = !members?.more;
    const incomplete = loaded && Boolean(members?.error);
    dom.partly.hidden = !incomplete && !(wanted && members?.more);
    say(dom.partly, incomplete ? texts.failed : texts.partly);
    const adds = this.manage && loaded && group !== undefined && canAdd(group.role);
    dom.add.hidden = !adds;
    if (adds) offer(dom.addRole, rolesToGive(group.role), texts);
    dom.addRole.hidden = dom.addRole.options.length < 2;

    this.#window?.show(this.#listed, this.#index(this.#active));
    // The member in the focused row is gone: the focus moves to the row in its place, or to the note that says why.
    if (focused && this.#index(focused) < 0) (this.#row(this.#active) ?? dom.note).focus();
    this.#loadAhead();
  }

  /** @param {HTMLElement} row @param {Member} member @param {number} index */
  #updateRow(row, member, index) {
    const id = member.user_id;
    const self = id === this.#client?.userId;
    const own = this.manage && !self ? this.#group?.role : undefined;
    const busy = this.#actions?.busy.has(id) ?? false;
    const role = this.#actions?.busy.get(id)?.role ?? member.role;
    const changeable = own !== undefined && (canChangeRole(own, member.role) || (canTransfer(own) && member.role !== "owner"));
    const roles = changeable ? [...rolesToGive(own), ...(canTransfer(own) ? /** @type {const} */ (["owner"]) : [])] : [];
    const joined = this.#texts.joined(this.#dates.format(new Date(member.joined_at)));
    const removable = own !== undefined && canRemove(own, member.role);
    updateRow(row, member, { role, roles, removable, self, active: id === this.#active, busy, joined, position: index + 1, texts: this.#texts });
  }

  /** Loads the next page when the end of the list comes near. A filter with few results must not load the whole list. */
  #loadAhead() {
    const { list } = this.#build();
    const members = this.#members;
    if (!members?.more || members.loading || members.error || this.filter) return;
    // Hidden, for example in a closed tab of the page.
    if (list.clientHeight === 0) return;
    const rowPx = (list.scrollHeight || 1) / Math.max(1, this.#listed.length);
    if ((list.scrollHeight - list.scrollTop - list.clientHeight) / rowPx < ROWS_AHEAD) void members.next();
  }

  /** @param {string} id @returns {HTMLElement | undefined} */
  #row(id) {
    return id ? (this.shadowRoot?.getElementById(id) ?? undefined) : undefined;
  }

  /** @param {string} id */
  #index(id) {
    return id ? this.#listed.findIndex((member) => member.user_id === id) : -1;
  }
}

globalThis.customElements?.get("groups-members") ?? globalThis.customElements?.define("groups-members", GroupsMembers);
