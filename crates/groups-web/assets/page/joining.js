/**
 * What a user is to a group of which they have a preview, and the message to its admins.
 *
 * @import { GroupsClient } from "../client/client.js"
 * @import { Preview } from "../../types/wire.js"
 */

import { counted } from "./dom.js";
import { noteField } from "./note.js";

/** @typedef {"member" | "invited" | "requested" | "none"} Standing */

/** @param {GroupsClient} client @param {string} groupId @returns {Standing} */
export function standing(client, groupId) {
  const isAbout = (/** @type {{ group: Preview }} */ { group }) => group.group_id === groupId;
  if (client.group(groupId)) return "member";
  if (client.invitations.some(isAbout)) return "invited";
  return client.joinRequests.some(isAbout) ? "requested" : "none";
}

/** @param {Preview} group */
export const memberCount = ({ member_count }) => counted(member_count, "member", "members");

/** @param {string} id @param {() => void} onEnter */
export const messageField = (id, onEnter) => noteField({ id, testid: "join-message", label: "Message to the admins (optional)", onEnter });
