/**
 * Actions on a group and its members. Irreversible actions ask for confirmation; reversible ones offer undo.
 *
 * @import { GroupsClient } from "../client/client.js"
 * @import { Group, Member, NewMember, Role } from "../../types/wire.js"
 * @import { Text } from "./dom.js"
 * @import { Names } from "./names.js"
 * @import { Session } from "./session.js"
 * @import { Toasts } from "./toasts.js"
 */

import { isolated } from "../client/bidi.js";
import { NetworkError } from "../client/errors.js";
import { rolesToGive } from "../client/permissions.js";
import { ask, confirm, field } from "./dialogs.js";
import { counted, h, text } from "./dom.js";
import { Picker } from "./picker.js";
import { sentence } from "./toasts.js";

/** The limits of the contract, in characters. */
const NAME_CHARS_MAX = 100;
const DESCRIPTION_CHARS_MAX = 1_000;

export class Commands {
  #client;
  #session;
  #names;
  #toasts;

  /** @param {{ client: GroupsClient, session: Session, names: Names, toasts: Toasts }} parts */
  constructor({ client, session, names, toasts }) {
    this.#client = client;
    this.#session = session;
    this.#names = names;
    this.#toasts = toasts;
  }

  /**
   * Creates a group. The dialog closes immediately and the list shows the group as pending. If the request fails, the user can
   * reopen the dialog with the same values.
   * @param {(group: Group) => void} onCreated
   * @param {{ name: string, description: string, members: NewMember[] }} [draft]
   * @param {string} [idempotencyKey] The key of the previous attempt, if its outcome is unknown.
   */
  async create(onCreated, draft = { name: "", description: "", members: [] }, idempotencyKey) {
    const { name, description } = settingsFields(draft.name, draft.description);
    const picker = this.#picker("owner", { picked: draft.members });
    let wanted = draft;
    const sent = await ask({
      title: "New group",
      testid: "create-dialog",
      submit: "Create group",
      content: [field("Name", name), field("Description", description), picker.element],
      onsubmit: async () => {
        wanted = { name: name.value, description: description.value, members: await picker.members() };
      },
    });
    if (!sent) return;
    try {
      const same = JSON.stringify(wanted) === JSON.stringify(draft);
      onCreated(await this.#client.createGroup(wanted, { idempotencyKey: same ? idempotencyKey : undefined }));
    } catch (error) {
      const again = () => void this.create(onCreated, wanted, error instanceof NetworkError ? error.idempotencyKey : undefined);
      this.#toasts.show([...text`Could not create ${wanted.name}. `, sentence(error)], { kind: "bad", action: "Edit", onaction: again });
    }
  }

  /** @param {Group} group */
  async edit(group) {
    const { name, description } = settingsFields(group.name, group.description);
    await ask({
      title: "Edit group",
      testid: "edit-dialog",
      submit: "Save",
      content: [field("Name", name), field("Description", description)],
      onsubmit: async () => {
        const { group_id } = group;
        const before = { name: group.name, description: group.description };
        const after = await this.#client.api.updateGroup(group_id, { name: name.value, description: description.value });
        if (after.version === group.version) return;
        this.#undoable(text`Saved ${after.name}.`, () => this.#client.api.updateGroup(group_id, before));
      },
    });
  }

  /** @param {Group} group @param {(userId: string) => boolean} isIn */
  async addMembers(group, isIn) {
    const picker = this.#picker(group.role, { without: isIn });
    await ask({
      title: text`Add people to ${group.name}`,
      testid: "add-dialog",
      submit: "Add",
      content: [picker.element],
      onsubmit: async () => {
        const members = await picker.members();
        if (members.length === 0) throw new Error("Choose at least one person");
        const { results } = await this.#client.api.addMembers(group.group_id, members);
        const added = results.filter(({ outcome }) => outcome === "added").length;
        const already = results.filter(({ outcome }) => outcome === "already_member").length;
        const others = results.length - added - already;
        const wereIn = already > 0 ? ` ${counted(already, "person was already a member", "people were already members")}.` : "";
        const couldNot = others > 0 ? ` ${counted(others, "person", "people")} could not be added.` : "";
        this.#toasts.show(`${counted(added, "person", "people")} added.${wereIn}${couldNot}`, { kind: "good" });
      },
    });
  }

  /** @param {Group} group @param {Member} member @param {Role} role */
  async changeRole(group, member, role) {
    const name = this.#names.of(member.user_id);
    const { group_id } = group;
    if (role === "owner") {
      return confirm({
        title: text`Make ${name} the owner?`,
        text: text`${name} will own ${group.name}, and you will become an admin. Only ${name} can transfer ownership back to you.`,
        submit: "Transfer ownership",
        testid: "transfer-dialog",
        onsubmit: () => this.#client.api.changeRole(group_id, member.user_id, "owner"),
      });
    }
    return this.#attempt(async () => {
      await this.#client.api.changeRole(group_id, member.user_id, role);
      const undo = () => this.#client.api.changeRole(group_id, member.user_id, member.role);
      this.#undoable(role === "admin" ? text`${name} is now an admin.` : text`${name} is now a member.`, undo);
      return true;
    });
  }

  /** @param {Group} group @param {Member} member */
  remove(group, member) {
    const name = this.#names.of(member.user_id);
    const { group_id } = group;
    return confirm({
      title: text`Remove ${name}?`,
      text: text`${name} will no longer see ${group.name}.`,
      submit: "Remove",
      testid: "remove-dialog",
      onsubmit: async () => {
        await this.#client.api.removeMember(group_id, member.user_id);
        this.#undoable(text`${name} was removed.`, () => this.#client.api.addMember(group_id, member.user_id, member.role));
      },
    });
  }

  /** @param {Group} group @param {Member[]} others */
  leave(group, others) {
    if (group.role !== "owner") {
      return confirm({
        title: text`Leave ${group.name}?`,
        text: "You will no longer see this group. An admin can add you again.",
        submit: "Leave",
        testid: "leave-dialog",
        onsubmit: () => this.#client.api.leaveGroup(group.group_id),
      });
    }
    const option = (/** @type {Member} */ { user_id, role }) =>
      h("option", { value: user_id }, `${isolated(this.#names.of(user_id))}${role === "admin" ? " (admin)" : ""}`);
    // Admins first, because they are the most likely successors.
    const sorted = others.toSorted((a, b) => Number(b.role === "admin") - Number(a.role === "admin"));
    const successor = h("select", { testid: "successor", required: true }, ...sorted.map(option));
    return ask({
      title: text`Leave ${group.name}?`,
      testid: "leave-dialog",
      submit: "Transfer ownership and leave",
      danger: true,
      content: [h("p", null, "You own this group. Choose the new owner."), field("New owner", successor)],
      onsubmit: () => this.#client.api.leaveGroup(group.group_id, { successor: successor.value }),
    });
  }

  /** @param {Group} group */
  delete(group) {
    return confirm({
      title: text`Delete ${group.name}?`,
      text: `This permanently deletes the group${group.member_count === 1 ? "" : ` for all ${counted(group.member_count, "member", "members")}`}.`,
      submit: "Delete group",
      testid: "delete-dialog",
      onsubmit: () => this.#client.api.deleteGroup(group.group_id),
    });
  }

  /** @param {Role} role @param {{ without?: (userId: string) => boolean, picked?: NewMember[] }} how */
  #picker(role, how) {
    return new Picker({ session: this.#session, names: this.#names, roles: rolesToGive(role), ...how });
  }

  /** @param {Text} done @param {() => Promise<unknown>} undo */
  #undoable(done, undo) {
    this.#toasts.show(done, { kind: "good", action: "Undo", onaction: () => void this.#attempt(undo) });
  }

  /** @template Result @param {() => Promise<Result>} call @returns {Promise<Result | undefined>} */
  async #attempt(call) {
    try {
      return await call();
    } catch (error) {
      this.#toasts.failed(error);
      return undefined;
    }
  }
}

/** @param {string} name @param {string} description */
function settingsFields(name, description) {
  return {
    name: h("input", { id: "group-name", testid: "group-name", value: name, required: true, maxLength: NAME_CHARS_MAX, autocomplete: "off", pattern: ".*\\S.*", title: "Enter at least one character" }),
    description: h("textarea", { id: "group-description", testid: "group-description", value: description, rows: 2, maxLength: DESCRIPTION_CHARS_MAX, onkeydown: onEnterSubmit }),
  };
}

/** A description is a single line: Enter submits the form, as in the other fields. @param {KeyboardEvent} event */
function onEnterSubmit(event) {
  if (event.key !== "Enter") return;
  event.preventDefault();
  /** @type {HTMLTextAreaElement} */ (event.target).form?.requestSubmit();
}
