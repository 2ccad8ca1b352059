/**
 * The open group: its settings, its members, and the actions that the user's role allows.
 *
 * @import { Group, Member, Role } from "../../types/wire.js"
 * @import { Commands } from "./commands.js"
 * @import { Context, Tools } from "./access/context.js"
 */

import { isolated, tamed } from "../client/bidi.js";
import { canAdd, canChangeRole, canChangeSettings, canDelete, canLeave, canRemove, canTransfer, rolesToGive } from "../client/permissions.js";
import { MemberList } from "../members/list.js";
import { hue, initials, plain } from "../sidebar/order.js";
import { banningMember } from "./access/bans.js";
import { AccessTab } from "./access/tab.js";
import { counted, day, h, icon, moment, named, say, sayText } from "./dom.js";
import { face } from "./picker.js";

/** After this pause in typing, in milliseconds, the other members are told that typing has stopped. */
const TYPING_PAUSE_MS = 4_000;
/** @type {Record<Role, string>} */
const ROLE = { owner: "Owner", admin: "Admin", member: "Member" };

export class GroupView {
  #client;
  #names;
  #commands;
  #groupId;
  /** @type {Context} */
  #context;
  #abort = new AbortController();
  #members;
  /** The drawn rows, by user id. @type {Map<string, { row: HTMLElement, drawn: string }>} */
  #rows = new Map();
  #typingTimer = 0;
  /** @type {IntersectionObserver | undefined} */
  #observer;
  /** Makes a long description scrollable with the keyboard. */
  #resized = new ResizeObserver(() => {
    const { scrollHeight, clientHeight } = this.#description;
    if (scrollHeight > clientHeight) this.#description.tabIndex = 0;
    else this.#description.removeAttribute("tabindex");
  });

  #avatar = h("div", { class: "avatar", "aria-hidden": "true" });
  #name = h("h1", { testid: "group-title", dir: "auto", tabIndex: -1 });
  #role = h("span", { class: "pill", testid: "own-role" });
  #description = h("p", { class: "description", testid: "group-description-text", dir: "auto" });
  #facts = h("p", { class: "facts-line" });
  #count = h("bdi", { testid: "member-count" });
  #when = h("bdi");
  #actions = h("div", { class: "actions" });
  #list = h("ul", { class: "members", testid: "members", "aria-label": "Members" });
  #state = h("p", { class: "hint center" });
  #more = h("button", { type: "button", class: "quiet", testid: "members-more", hidden: true, onclick: () => void this.#members.next() }, "Show more");
  #search = h("input", { type: "search", testid: "members-search", placeholder: "Search members", "aria-label": "Search members", oninput: () => this.#drawMembers() });
  #typists = h("p", { class: "typists", testid: "typists", "aria-live": "polite" });
  #access;
  #typing = h("input", {
    testid: "typing-input",
    "aria-label": "Type here to try the typing indicator",
    placeholder: "Type here to try the typing indicator",
    autocomplete: "off",
    oninput: () => this.#type(),
    onblur: () => this.#stopTyping(),
  });
  element;

  /** @param {Tools & { commands: Commands, groupId: string, onBack: () => void }} parts */
  constructor({ commands, groupId, onBack, ...tools }) {
    const { client, names } = tools;
    this.#client = client;
    this.#names = names;
    this.#commands = commands;
    this.#groupId = groupId;
    let last = /** @type {Group} */ (this.#group);
    this.#context = { ...tools, groupId, group: () => (last = this.#group ?? last) };
    const members = h(
      "section",
      { class: "members-section", "aria-label": "Members" },
      h("div", { class: "members-head" }, h("h2", null, "Members"), this.#search),
      this.#list,
      this.#state,
      this.#more,
    );
    const typing = h("footer", { class: "typing-bar" }, this.#typists, this.#typing);
    this.#access = new AccessTab(this.#context, { members, onShow: (isShown) => (typing.hidden = isShown) });
    this.element = h(
      "article",
      { class: "group", testid: "group", "data-group-id": groupId },
      h(
        "header",
        { class: "group-header" },
        h("button", { type: "button", class: "bare back", testid: "back", "aria-label": "Back to the list", onclick: onBack }, icon("back")),
        this.#avatar,
        h("div", { class: "group-titles" }, h("div", { class: "title-line" }, this.#name, this.#role), this.#description, this.#facts),
        this.#actions,
        this.#access.element,
      ),
      members,
      this.#access.panel,
      typing,
    );
    this.#facts.append(this.#count, " · ", this.#when);
    const { signal } = this.#abort;
    client.on("change", () => this.#draw(), { signal });
    client.on("typing", () => this.#drawTypists(), { signal });
    this.#members = new MemberList({ client, groupId, names, onChange: () => this.#drawMembers() });
    // Load the next page when the end of the list becomes visible.
    this.#observer = new IntersectionObserver((entries) => this.#endSeen(entries), { rootMargin: "300px" });
    this.#resized.observe(this.#description);
    this.#draw();
    this.#drawMembers();
  }

  close() {
    this.#stopTyping();
    this.#abort.abort();
    this.#members.close();
    this.#access.close();
    this.#observer?.disconnect();
    this.#resized.disconnect();
    this.element.remove();
  }

  focus() {
    this.#name.focus();
  }

  /** Shows who waits, who is invited, links and bans, if the user's role allows it. */
  showAccess() {
    this.#access.show();
  }

  get #group() {
    return /** @type {Group | undefined} */ (this.#client.group(this.#groupId));
  }

  // ---- Settings ----

  #drawn = "";

  #draw() {
    const group = this.#group;
    if (!group) return;
    say(this.#name, tamed(group.name));
    this.#name.title = group.name;
    say(this.#avatar, initials(group.name));
    this.#avatar.style.setProperty("--hue", String(hue(group.group_id)));
    say(this.#role, ROLE[group.role]);
    this.#role.dataset.role = group.role;
    say(this.#description, group.description);
    this.#description.hidden = !group.description;
    say(this.#count, counted(group.member_count, "member", "members"));
    say(this.#when, `created ${day(group.created_at)}`);
    this.#when.title = `Created ${moment(group.created_at)}; version ${group.version}, ${moment(group.updated_at)}`;
    // Keep the button elements while the actions are the same: one of them may have the focus.
    const drawn = `${group.role} ${canLeave(group.role, group.member_count)}`;
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.#drawActions(group);
    this.#access.update(group.role);
    this.#drawMembers();
  }

  /** Shows only the actions that the server would accept. @param {Group} group */
  #drawActions({ role, member_count }) {
    const now = () => /** @type {Group} */ (this.#group);
    const isIn = (/** @type {string} */ id) => this.#members.get(id) !== undefined;
    const others = () => this.#members.list.filter(({ user_id }) => user_id !== this.#client.userId);
    /** @type {[boolean, string, Parameters<typeof icon>[0], string, string, () => unknown][]} */
    const all = [
      [canAdd(role), "add-members", "plus", "Add people", "primary", () => this.#commands.addMembers(now(), isIn)],
      [canChangeSettings(role), "edit", "edit", "Edit", "quiet", () => this.#commands.edit(now())],
      [canLeave(role, member_count), "leave", "leave", "Leave", "quiet", () => this.#commands.leave(now(), others())],
      [canDelete(role), "delete", "trash", "Delete", "quiet risky", () => this.#commands.delete(now())],
    ];
    this.#actions.replaceChildren(
      ...all
        .filter(([allowed]) => allowed)
        .map(([, testid, sign, text, look, onclick]) => h("button", { type: "button", class: look, testid, onclick }, icon(sign), h("span", null, text))),
    );
  }

  // ---- Members ----

  #drawMembers() {
    const group = this.#group;
    if (!group || !this.#members) return;
    const wanted = plain(this.#search.value);
    const shown = this.#members.list.filter((member) => !wanted || plain(this.#names.of(member.user_id)).includes(wanted));
    const before = this.#rows;
    this.#rows = new Map();
    let next = this.#list.firstElementChild;
    for (const member of shown) {
      const drawn = JSON.stringify([member.role, group.role, this.#names.of(member.user_id)]);
      let entry = before.get(member.user_id);
      if (entry?.drawn !== drawn) {
        const row = this.#row(group, member);
        const focused = entry?.row.contains(document.activeElement) ? document.activeElement : null;
        entry?.row.replaceWith(row);
        if (entry && next === entry.row) next = row;
        // If the focus was in this row, restore it.
        const testid = focused instanceof HTMLElement ? focused.dataset.testid : undefined;
        if (testid) /** @type {HTMLElement | null} */ (row.querySelector(`[data-testid="${testid}"]`))?.focus();
        entry = { row, drawn };
      }
      before.delete(member.user_id);
      this.#rows.set(member.user_id, entry);
      if (entry.row === next) next = next.nextElementSibling;
      else this.#list.insertBefore(entry.row, next);
    }
    for (const { row } of before.values()) row.remove();
    this.#more.hidden = !this.#members.more;
    this.#watchEnd();
    const { error, loaded } = this.#members;
    const searching = wanted && this.#members.more ? "Only the members loaded so far were searched." : "";
    const nobody = wanted && shown.length === 0 ? `No members match “${isolated(this.#search.value)}”. ` : "";
    say(this.#state, error ? `Could not load the members: ${error instanceof Error ? error.message : error}` : !loaded ? "Loading…" : nobody + searching);
    this.#state.hidden = !this.#state.textContent;
    this.#drawTypists();
  }

  /** Observes the end of the list again: if it is still visible after a page, the observer would report no change. */
  #watchEnd() {
    this.#observer?.disconnect();
    if (this.#members.more) this.#observer?.observe(this.#more);
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #endSeen(entries) {
    // A search with few results must not load the whole list; the user can press the button.
    if (entries.some((entry) => entry.isIntersecting) && !this.#search.value) void this.#members.next();
  }

  /** @param {Group} group @param {Member} member */
  #row(group, member) {
    const { user_id: id, role } = member;
    const self = id === this.#client.userId;
    const name = this.#names.of(id);
    return h(
      "li",
      { class: "member", testid: "member", "data-user-id": id, "data-role": role },
      face(id, name),
      h(
        "div",
        { class: "member-name" },
        named(name, { class: "name", title: id }),
        self ? h("span", { class: "self" }, "you") : null,
        h("span", { class: "joined" }, `joined ${day(member.joined_at)}`),
      ),
      !self && (canChangeRole(group.role, role) || canTransfer(group.role))
        ? this.#roleSelect(group, member, name)
        : h("span", { class: "pill", "data-role": role, testid: "member-role" }, ROLE[role]),
      canAdd(group.role) && h("span", { class: "member-buttons" }, ...(canRemove(group.role, role) ? this.#endings(member, name) : [])),
    );
  }

  /** How a membership is ended by somebody else. @param {Member} member @param {string} name */
  #endings({ user_id: id }, name) {
    const remove = () => this.#commands.remove(/** @type {Group} */ (this.#group), /** @type {Member} */ (this.#members.get(id)));
    return [
      h("button", { type: "button", class: "bare risky", testid: "ban-member", "aria-label": `Ban ${isolated(name)}`, title: "Ban", onclick: () => void banningMember(this.#context, id) }, icon("ban")),
      h("button", { type: "button", class: "bare risky", testid: "remove-member", "aria-label": `Remove ${isolated(name)}`, title: "Remove", onclick: () => void remove() }, icon("close")),
    ];
  }

  /** @param {Group} group @param {Member} member @param {string} name */
  #roleSelect(group, { user_id: id, role }, name) {
    const roles = [...rolesToGive(group.role), ...(canTransfer(group.role) ? /** @type {Role[]} */ (["owner"]) : [])];
    const select = h(
      "select",
      { class: "role-select", testid: "member-role-select", "aria-label": `Role of ${isolated(name)}` },
      ...roles.map((each) => h("option", { value: each, selected: each === role }, each === "owner" ? "Owner…" : ROLE[each])),
    );
    select.addEventListener("change", async () => {
      const member = this.#members.get(id);
      const current = this.#group;
      if (!member || !current) return;
      await this.#commands.changeRole(current, member, /** @type {Role} */ (select.value));
      // After a refusal or cancellation, show the current role. After a success, the event brings the new one.
      select.value = this.#members.get(id)?.role ?? role;
    });
    return select;
  }

  // ---- Typing ----

  #type() {
    this.#client.setTyping(this.#groupId, this.#typing.value !== "");
    clearTimeout(this.#typingTimer);
    this.#typingTimer = window.setTimeout(() => this.#stopTyping(), TYPING_PAUSE_MS);
  }

  #stopTyping() {
    clearTimeout(this.#typingTimer);
    if (this.#group) this.#client.setTyping(this.#groupId, false);
  }

  #drawTypists() {
    const typists = this.#client.typists(this.#groupId).filter((id) => id !== this.#client.userId);
    const names = typists.map((id) => this.#names.of(id));
    const listed = names.length > 3 ? [...names.slice(0, 2), `${names.length - 2} others`] : names;
    const list = new Intl.ListFormat("en").formatToParts(listed).map(({ type, value }) => (type === "element" ? named(value) : value));
    sayText(this.#typists, names.length === 0 ? "" : [...list, ` ${names.length === 1 ? "is" : "are"} typing…`]);
    for (const [id, { row }] of this.#rows) row.classList.toggle("typing", typists.includes(id));
  }
}
