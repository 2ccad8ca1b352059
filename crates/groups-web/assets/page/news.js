/**
 * Shows toasts for events that affect the user: added, removed, role changed, group deleted. They say who did it, if that is known.
 *
 * @import { GroupsClient } from "../client/client.js"
 * @import { AddedToGroup, GroupDeleted, RemovedFromGroup, RoleChanged } from "../../types/wire.js"
 * @import { Text } from "./dom.js"
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
  // Events replayed after a reconnect are shown too.
  const say = (/** @type {AddedToGroup | RemovedFromGroup | GroupDeleted | RoleChanged} */ event) => sentenceOf(event, { names, userId: client.userId });
  client.on(
    "added_to_group",
    (event) => {
      const { group_id } = event;
      toasts.show(say(event), { kind: "good", action: "Open", onaction: () => open(group_id), about: group_id });
    },
    { signal },
  );
  for (const name of /** @type {const} */ (["removed_from_group", "group_deleted"])) {
    client.on(
      name,
      (event) => {
        toasts.settle(event.group_id);
        if (!seen(event.group_id)) toasts.show(say(event), { about: event.group_id });
      },
      { signal },
    );
  }
  client.on("role_changed", (event) => toasts.show(say(event), { kind: event.role === "member" ? "plain" : "good", about: event.group_id }), { signal });
  client.on("error", ({ detail, code }) => toasts.show(detail || code, { kind: "bad" }), { signal });
}

/**
 * Says what happened to the user, and who did it.
 * @param {AddedToGroup | RemovedFromGroup | GroupDeleted | RoleChanged} event
 * @param {{ names: Names, userId: string }} reader
 * @returns {Text}
 */
export function sentenceOf(event, { names, userId }) {
  const group = event.group_name;
  // An operator is not a member, so the server does not show a name.
  const who = event.operator ? ["An operator"] : names.ofActor(event);
  const mine = event.actor_id === userId && !event.operator;
  switch (event.type) {
    case "added_to_group":
      return who ? text`${who} added you to ${group}.` : text`You were added to ${group}.`;
    case "removed_from_group":
      if (event.reason === "left") return text`You left ${group}.`;
      return who ? text`${who} removed you from ${group}.` : text`You were removed from ${group}.`;
    case "group_deleted":
      if (mine) return text`You deleted ${group}.`;
      return who ? text`${who} deleted ${group}.` : text`${group} was deleted.`;
    case "role_changed": {
      const what = { owner: text`the owner of ${group}`, admin: text`an admin of ${group}`, member: text`a member of ${group}` }[event.role];
      return who && !mine ? text`${who} made you ${what}.` : text`You are now ${what}.`;
    }
  }
}
