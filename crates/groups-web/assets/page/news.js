/**
 * What happens to the one who sits here, as notices: added, removed, another role, deleted.
 *
 * @import { GroupsClient } from "../client/client.js"
 * @import { Names } from "./names.js"
 * @import { Toasts } from "./toasts.js"
 */

/** @param {{ client: GroupsClient, names: Names, toasts: Toasts, open: (groupId: string) => void, signal: AbortSignal }} parts */
export function tellNews({ client, names, toasts, open, signal }) {
  // What is caught up on after an absence is told too, but not what one has done oneself.
  const mine = (/** @type {string} */ actor) => actor === client.userId;

  client.on(
    "added_to_group",
    async ({ group_id, group_name, added_by }) => {
      const who = await names.find(added_by, group_id);
      toasts.show(`${who} added you to ${group_name}.`, { kind: "good", action: "Open", onaction: () => open(group_id) });
    },
    { signal },
  );
  client.on(
    "removed_from_group",
    ({ group_name, removed_by, reason }) => {
      toasts.show(reason === "left" ? `You left ${group_name}.` : `${names.of(removed_by)} removed you from ${group_name}.`);
    },
    { signal },
  );
  client.on(
    "group_deleted",
    ({ group_name, deleted_by }) => toasts.show(mine(deleted_by) ? `${group_name} is deleted.` : `${names.of(deleted_by)} deleted ${group_name}.`),
    { signal },
  );
  client.on(
    "role_changed",
    async ({ group_id, group_name, role, changed_by }) => {
      const what = { owner: `the owner of ${group_name}`, admin: `an admin of ${group_name}`, member: `a member of ${group_name}` }[role];
      if (mine(changed_by)) toasts.show(`You are ${what} now.`);
      else toasts.show(`${await names.find(changed_by, group_id)} made you ${what}.`, { kind: role === "member" ? "plain" : "good" });
    },
    { signal },
  );
  client.on("error", ({ detail, code }) => toasts.show(detail || code, { kind: "bad" }), { signal });
}
