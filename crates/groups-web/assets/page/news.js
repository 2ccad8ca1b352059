/**
 * Shows toasts for events that affect the user: added, removed, role changed, group deleted.
 *
 * @import { GroupsClient } from "../client/client.js"
 * @import { Names } from "./names.js"
 * @import { Toasts } from "./toasts.js"
 */

import { text } from "./dom.js";

/**
 * @param {object} parts
 * @param {GroupsClient} parts.client
 * @param {Names} parts.names
 * @param {Toasts} parts.toasts
 * @param {(groupId: string) => void} parts.open
 * @param {(groupId: string) => boolean} parts.seen Whether the main area already says that the group is gone.
 * @param {AbortSignal} parts.signal
 */
export function tellNews({ client, names, toasts, open, seen, signal }) {
  // Events replayed after a reconnect are shown too; the user's own actions are not.
  const mine = (/** @type {string} */ actor) => actor === client.userId;

  client.on(
    "added_to_group",
    async ({ group_id, group_name, added_by }) => {
      const who = await names.find(added_by, group_id);
      // The group may have disappeared while the name was requested.
      if (!client.group(group_id)) return;
      toasts.show(text`${who} added you to ${group_name}.`, { kind: "good", action: "Open", onaction: () => open(group_id), about: group_id });
    },
    { signal },
  );
  client.on(
    "removed_from_group",
    ({ group_id, group_name, removed_by, reason }) => {
      toasts.settle(group_id);
      if (seen(group_id)) return;
      toasts.show(reason === "left" ? text`You left ${group_name}.` : text`${names.of(removed_by)} removed you from ${group_name}.`, { about: group_id });
    },
    { signal },
  );
  client.on(
    "group_deleted",
    ({ group_id, group_name, deleted_by }) => {
      toasts.settle(group_id);
      if (seen(group_id)) return;
      toasts.show(mine(deleted_by) ? text`You deleted ${group_name}.` : text`${names.of(deleted_by)} deleted ${group_name}.`, { about: group_id });
    },
    { signal },
  );
  client.on(
    "role_changed",
    async ({ group_id, group_name, role, changed_by }) => {
      const what = { owner: text`the owner of ${group_name}`, admin: text`an admin of ${group_name}`, member: text`a member of ${group_name}` }[role];
      if (mine(changed_by)) return toasts.show(text`You are now ${what}.`, { about: group_id });
      const who = await names.find(changed_by, group_id);
      if (client.group(group_id)?.role !== role) return;
      toasts.show(text`${who} made you ${what}.`, { kind: role === "member" ? "plain" : "good", about: group_id });
    },
    { signal },
  );
  client.on("error", ({ detail, code }) => toasts.show(detail || code, { kind: "bad" }), { signal });
}
