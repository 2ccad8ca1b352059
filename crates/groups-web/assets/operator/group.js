/**
 * One group, as an operator sees it: facts, repair, members, ways in, history.
 *
 * @import { ChangeRecord, Group, JoinPolicy, Member, Role } from "../../types/wire.js"
 * @import { Operator } from "./view.js"
 */

import { ask, confirm, field } from "../page/dialogs.js";
import { counted, h, moment, named, text } from "../page/dom.js";
import { accessDetail } from "./access.js";
import { paged } from "./list.js";

/** @type {Role[]} */
const ROLES = ["owner", "admin", "member"];

/** @param {Operator} operator @param {string} groupId @returns {Promise<HTMLElement>} */
export async function groupDetail(operator, groupId) {
  const { api, toasts } = operator;
  const group = await api.group(groupId);
  const again = () => operator.openGroup(groupId);
  const changed = async (/** @type {boolean} */ done) => {
    if (done) await again();
  };
  const [members, access, history] = await Promise.all([
    paged("Members", async (after) => {
      const page = await api.members(groupId, after);
      return { rows: page.members.map((member) => memberRow(operator, group, member, again)), next: page.next };
    }),
    accessDetail(operator, group, again),
    paged("History", async (after) => {
      const page = await api.history(groupId, after);
      return { rows: page.changes.map(changeRow), next: page.next };
    }),
  ]);
  const remove = async () => {
    const deleted = await confirm({
      title: text`Delete ${group.name}?`,
      text: `All ${counted(group.member_count, "member", "members")} lose the group. This cannot be undone.`,
      submit: "Delete",
      testid: "operator-delete-dialog",
      onsubmit: () => api.delete(groupId),
    });
    if (!deleted) return;
    operator.close();
    toasts.show(text`${group.name} is deleted.`, { kind: "good" });
  };
  return h(
    "article",
    { testid: "operator-group", "data-group-id": groupId },
    h("h2", { tabIndex: -1 }, named(group.name)),
    group.description ? h("p", { class: "description" }, named(group.description)) : null,
    h("p", { class: "hint" }, `${counted(group.member_count, "member", "members")} · join policy ${group.join_policy} · version ${group.version} · created ${moment(group.created_at)} · ${groupId}`),
    h(
      "div",
      { class: "operator-actions" },
      h("button", { type: "button", class: "quiet", testid: "operator-edit", onclick: () => void edit(operator, group).then(changed) }, "Edit"),
      h("button", { type: "button", class: "quiet", testid: "operator-add", onclick: () => void add(operator, group).then(changed) }, "Add a member"),
      h("button", { type: "button", class: "quiet risky", testid: "operator-delete", onclick: () => void remove() }, "Delete"),
    ),
    h("h3", null, "Members"),
    members,
    access,
    h("h3", null, "History"),
    history,
  );
}

/** @param {Operator} operator @param {Group} group */
function edit({ api }, group) {
  const name = h("input", { id: "operator-group-name", testid: "group-name", required: true, value: group.name });
  const description = h("textarea", { id: "operator-group-description", testid: "group-description", rows: 3, value: group.description });
  const policy = h("select", { id: "operator-join-policy", testid: "operator-join-policy" }, ...["closed", "request", "open"].map((value) => h("option", { value, selected: value === group.join_policy }, value)));
  return ask({
    title: "Edit the group",
    content: [field("Name", name), field("Description", description), field("Join policy", policy)],
    submit: "Save",
    testid: "operator-edit-dialog",
    onsubmit: () => api.update(group.group_id, { name: name.value, description: description.value, join_policy: /** @type {JoinPolicy} */ (policy.value) }),
  });
}

/** @param {Operator} operator @param {Group} group */
function add({ api }, group) {
  const userId = h("input", { id: "operator-user-id", testid: "operator-user-id", required: true, autocomplete: "off" });
  const role = h("select", { id: "operator-new-role" }, ...["member", "admin"].map((value) => h("option", { value }, value)));
  return ask({
    title: "Add a member",
    content: [field("User id", userId, "Find the person by name or subject first; their page shows the id."), field("Role", role)],
    submit: "Add",
    testid: "operator-add-dialog",
    onsubmit: () => api.add(group.group_id, userId.value.trim(), /** @type {Role} */ (role.value)),
  });
}

/** @param {Operator} operator @param {Group} group @param {Member} member @param {() => Promise<void>} again */
function memberRow(operator, group, member, again) {
  const { api, toasts } = operator;
  const { user_id, role } = member;
  const name = member.name ?? user_id;
  const select = h("select", { class: "role-select", testid: "operator-role", "aria-label": `Role of ${name}` }, ...ROLES.map((value) => h("option", { value }, value)));
  select.value = role;
  // The owner passes ownership on by making somebody else the owner.
  select.disabled = role === "owner";
  select.addEventListener("change", async () => {
    const chosen = /** @type {Role} */ (select.value);
    const change = () => api.changeRole(group.group_id, user_id, chosen);
    try {
      if (chosen === "owner") {
        const title = text`Make ${name} the owner?`;
        const done = await confirm({ title, text: "The current owner becomes an admin.", submit: "Transfer", testid: "operator-transfer-dialog", onsubmit: change });
        if (!done) return void (select.value = role);
      } else await change();
      await again();
    } catch (error) {
      select.value = role;
      toasts.failed(error);
    }
  });
  const remove = async () => {
    const done = await confirm({
      title: text`Remove ${name} from ${group.name}?`,
      text: "All members see this immediately.",
      submit: "Remove",
      testid: "operator-remove-dialog",
      onsubmit: () => api.remove(group.group_id, user_id),
    });
    if (done) await again();
  };
  return h(
    "li",
    { class: "operator-member", testid: "operator-member", "data-user-id": user_id, "data-role": role },
    h("button", { type: "button", class: "link", onclick: () => void operator.openUser(user_id, member.name) }, named(name)),
    select,
    h("button", { type: "button", class: "quiet small risky", testid: "operator-remove", "aria-label": `Remove ${name}`, disabled: role === "owner", onclick: () => void remove() }, "Remove"),
  );
}

/** @param {ChangeRecord} change */
function changeRow({ version, at, actor_id, operator, action, ...details }) {
  const what = Object.entries(details).map(([key, value]) => `${key}: ${typeof value === "string" ? value : JSON.stringify(value)}`).join(", ");
  const who = `${operator ? "operator " : ""}${actor_id.slice(0, 8)}`;
  return h("li", { class: "operator-change", testid: "operator-change" }, h("span", { class: "version" }, String(version)), h("b", null, action.replaceAll("_", " ")), h("span", { class: "hint" }, `by ${who}, ${moment(at)}`), what ? named(what, { class: "hint" }) : null);
}
