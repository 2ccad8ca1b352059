/**
 * Shows toasts for events that affect the user: groups and roles, invitations, requests to join. They say who did it, if that is
 * known. Admins also see who has joined in another way than by being added, and who asks to join.
 *
 * @import { GroupsClient } from "../client/client.js"
 * @import { AddedToGroup, GroupDeleted, GroupUpdated, InvitationEnded, InvitedToGroup, JoinRequested, JoinRequestEnded, RemovedFromGroup, RoleChanged } from "../../types/wire.js"
 * @import { Text } from "./dom.js"
 * @import { Names } from "./names.js"
 * @import { Toasts } from "./toasts.js"
 */

import { canChangeSettings } from "../client/permissions.js";
import { text } from "./dom.js";

/** @typedef {AddedToGroup | RemovedFromGroup | GroupDeleted | RoleChanged | InvitedToGroup | InvitationEnded | JoinRequested | JoinRequestEnded} OwnNews */

/**
 * @param {object} parts
 * @param {GroupsClient} parts.client
 * @param {Names} parts.names
 * @param {Toasts} parts.toasts
 * @param {(groupId: string) => void} parts.open
 * @param {(groupId: string) => void} parts.openAccess Opens the group where its requests to join are.
 * @param {(groupId: string) => boolean} parts.seen Whether the main area already says that the group is gone.
 * @param {AbortSignal} parts.signal
 */
export function tellNews({ client, names, toasts, open, openAccess, seen, signal }) {
  // Events replayed after a reconnect are shown too.
  const say = (/** @type {OwnNews} */ event) => sentenceOf(event, { names, userId: client.userId });
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
  client.on("invited_to_group", (event) => toasts.show(say(event), { kind: "good", about: event.group_id }), { signal });
  for (const name of /** @type {const} */ (["invitation_ended", "join_requested", "join_request_ended"])) {
    client.on(name, (event) => toasts.show(say(event), { about: event.group_id }), { signal });
  }
  client.on(
    "group_updated",
    (event) => {
      const { group_id } = event;
      const role = client.group(group_id)?.role;
      const said = role && canChangeSettings(role) && event.actor_id !== client.userId ? sentenceForAdmins(event, names) : "";
      if (!said) return;
      if (event.action === "join_requested") toasts.show(said, { action: "Review", onaction: () => openAccess(group_id), about: group_id });
      else toasts.show(said, { about: group_id });
    },
    { signal },
  );
  client.on("error", ({ detail, code }) => toasts.show(detail || code, { kind: "bad" }), { signal });
}

/**
 * Says what happened to the user, and who did it.
 * @param {OwnNews} event
 * @param {{ names: Names, userId: string }} reader
 * @returns {Text}
 */
export function sentenceOf(event, { names, userId }) {
  const group = "group_name" in event ? event.group_name : event.group.name;
  // An operator is not a member, so the server does not show a name.
  const who = event.operator ? ["An operator"] : names.ofActor(event);
  const mine = event.actor_id === userId && !event.operator;
  switch (event.type) {
    case "added_to_group":
      if (event.via === "request") return mine || !who ? text`Your request to join ${group} was approved.` : text`${who} approved your request to join ${group}.`;
      if (mine) return text`You joined ${group}.`;
      return who ? text`${who} added you to ${group}.` : text`You were added to ${group}.`;
    case "removed_from_group":
      if (event.reason === "left") return text`You left ${group}.`;
      if (event.reason === "banned") return who ? text`${who} banned you from ${group}.` : text`You were banned from ${group}.`;
      return who ? text`${who} removed you from ${group}.` : text`You were removed from ${group}.`;
    case "group_deleted":
      if (mine) return text`You deleted ${group}.`;
      return who ? text`${who} deleted ${group}.` : text`${group} was deleted.`;
    case "role_changed": {
      const what = { owner: text`the owner of ${group}`, admin: text`an admin of ${group}`, member: text`a member of ${group}` }[event.role];
      return who && !mine ? text`${who} made you ${what}.` : text`You are now ${what}.`;
    }
    case "invited_to_group":
      return who ? text`${who} invited you to ${group}.` : text`You are invited to ${group}.`;
    case "invitation_ended":
      if (mine) return text`You declined the invitation to ${group}.`;
      if (event.reason === "expired") return text`The invitation to ${group} has expired.`;
      // Somebody who is banned is not told so.
      return text`The invitation to ${group} was withdrawn.`;
    case "join_requested":
      return text`You asked to join ${group}. An admin will answer.`;
    case "join_request_ended":
      if (mine) return text`You withdrew your request to join ${group}.`;
      return text`Your request to join ${group} was declined.`;
  }
}

/**
 * Says who has joined a group in another way than by being added, or asks to join.
 * @param {GroupUpdated} event
 * @param {Names} names
 * @returns {Text} empty if there is nothing to say
 */
export function sentenceForAdmins(event, names) {
  const group = event.group.name;
  if (event.action === "join_requested") return text`${names.of(event.user_id)} asks to join ${group}.`;
  if (event.action !== "member_added" || !event.via) return "";
  const name = names.of(event.user_id);
  switch (event.via) {
    case "invitation":
      return text`${name} accepted the invitation to ${group}.`;
    case "link":
      return text`${name} joined ${group} with a link.`;
    case "open":
      return text`${name} joined ${group}.`;
    case "request": {
      const who = event.operator ? ["An operator"] : names.ofActor(event);
      return who ? text`${who} approved the request of ${name} to join ${group}.` : text`The request of ${name} to join ${group} was approved.`;
    }
    default:
      return "";
  }
}
