/**
 * The actions of `<groups-members>`: each is announced by an event first, and asks for confirmation if it cannot be undone.
 *
 * @import { Group, Member, Role } from "../../types/wire.js"
 * @import { GroupsClient } from "../client/client.js"
 * @import { MemberList } from "./list.js"
 * @import { MemberTexts } from "./texts.js"
 * @import { MemberTree } from "./tree.js"
 */

import { isolated } from "../client/bidi.js";
import { canRemove } from "../client/permissions.js";
import { say } from "../sidebar/element.js";
import { idsIn } from "./ids.js";
import { shownName } from "./tree.js";

/** @typedef {{ client: GroupsClient | null, groupId: string, group: Group | undefined, members: MemberList | null, texts: MemberTexts, manage: boolean }} Now */

/**
 * @typedef {object} Host
 * @property {() => Now} now
 * @property {(name: string, detail: object) => boolean} emit Returns whether no listener has prevented the action.
 * @property {() => void} onChange
 */

export class MemberActions {
  #dom;
  #host;
  /** Members with a call under way, with the role that was chosen for them. @type {Map<string, { role: Role | undefined }>} */
  busy = new Map();

  /** @param {MemberTree} dom @param {Host} host */
  constructor(dom, host) {
    this.#dom = dom;
    this.#host = host;
    dom.cancel.addEventListener("click", () => dom.confirm.close());
    dom.submit.addEventListener("click", () => dom.confirm.close("yes"));
  }

  /** The element shows another group, or none. */
  forget() {
    this.busy.clear();
    this.#tell("");
    this.#dom.addIds.value = "";
    if (this.#dom.confirm.open) this.#dom.confirm.close();
  }

  /** @param {string} id @param {Role} role */
  async changeRole(id, role) {
    const { client, groupId, group, members, texts } = this.#host.now();
    const member = members?.get(id);
    if (!client || !group || !member || role === member.role) return;
    if (!this.#host.emit("member-role", { member, role })) return this.#host.onChange();
    const { ownerQuestion, ownerSubmit } = texts;
    if (role === "owner" && !(await this.#confirmed(ownerQuestion(nameOf(member), isolated(group.name)), ownerSubmit))) return this.#host.onChange();
    await this.#during(id, role, () => client.api.changeRole(groupId, id, role));
  }

  /** @param {string} id */
  async remove(id) {
    const { client, groupId, group, members, texts, manage } = this.#host.now();
    const member = members?.get(id);
    if (!client || !group || !member || !manage || !canRemove(group.role, member.role)) return;
    if (!this.#host.emit("member-remove", { member })) return;
    if (!(await this.#confirmed(texts.removeQuestion(nameOf(member), isolated(group.name)), texts.removeSubmit))) return;
    await this.#during(id, undefined, () => client.api.removeMember(groupId, id));
  }

  /** Adds the users whose ids were entered. */
  async add() {
    const { addIds, addRole } = this.#dom;
    const { client, groupId, texts } = this.#host.now();
    const role = /** @type {Role} */ (addRole.value || "member");
    const members = idsIn(addIds.value).map((user_id) => ({ user_id, role }));
    if (members.length === 0) return this.#tell(texts.noIds, { problem: true });
    if (!client || !this.#host.emit("member-add", { members })) return;
    await this.#attempt(async () => {
      const { results } = await client.api.addMembers(groupId, members);
      const added = results.filter(({ outcome }) => outcome === "added").length;
      if (groupId !== this.#host.now().groupId) return;
      addIds.value = "";
      this.#tell(texts.added(added, results.length - added));
    });
  }

  /** Marks the member as busy during a call. @param {string} id @param {Role | undefined} role @param {() => Promise<unknown>} call */
  async #during(id, role, call) {
    const mark = { role };
    this.busy.set(id, mark);
    this.#host.onChange();
    await this.#attempt(call);
    // The element may show another group by now, where the same member is busy.
    if (this.busy.get(id) === mark) this.busy.delete(id);
    this.#host.onChange();
  }

  /** @param {() => Promise<unknown>} call */
  async #attempt(call) {
    const { groupId } = this.#host.now();
    this.#tell("");
    try {
      await call();
    } catch (error) {
      // The element shows another group by now.
      if (groupId !== this.#host.now().groupId) return;
      this.#tell(error instanceof Error ? error.message : String(error), { problem: true });
      this.#host.emit("member-failed", { error });
    }
  }

  /** Says what an action has done, or why it has failed. @param {string} text @param {{ problem?: boolean }} [how] */
  #tell(text, { problem = false } = {}) {
    const { said, news, problem: alert } = this.#dom;
    said.hidden = text === "";
    said.className = problem ? "said problem" : "said";
    say(said, text);
    alert.textContent = problem ? text : "";
    if (text && !problem) news.textContent = text;
  }

  /** @param {string} question @param {string} submit @returns {Promise<boolean>} */
  #confirmed(question, submit) {
    const { confirm, cancel, submit: button, question: text } = this.#dom;
    if (confirm.open) return Promise.resolve(false);
    say(text, question);
    say(button, submit);
    confirm.returnValue = "";
    confirm.showModal();
    // A hasty Enter cancels.
    cancel.focus();
    return new Promise((resolve) => confirm.addEventListener("close", () => resolve(confirm.returnValue === "yes"), { once: true }));
  }
}

/** @param {Member} member */
const nameOf = (member) => isolated(shownName(member));
