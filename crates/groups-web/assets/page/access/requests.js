/**
 * The requests to join a group: approve or decline.
 *
 * @import { GroupJoinRequest, Role } from "../../../types/wire.js"
 * @import { Context } from "./context.js"
 */

import { isolated } from "../../client/bidi.js";
import { rolesToGive } from "../../client/permissions.js";
import { h, moment, text } from "../dom.js";
import { personRow, rowButton } from "./person-row.js";
import { AccessRows } from "./rows.js";
import { Section } from "./section.js";

/** Changes that can end a request to join. */
const ENDS = new Set(["join_request_ended", "member_added", "members_added", "banned"]);

/** @typedef {AccessRows<GroupJoinRequest>} RequestRows */

/** @param {Context} context @param {() => void} onChange @returns {RequestRows} */
export function requestRows({ client, names, groupId }, onChange) {
  /** @type {RequestRows} */
  const rows = new AccessRows({
    client,
    groupId,
    read: async (page, signal) => {
      const { requests, next } = await client.api.listJoinRequests(groupId, page, { signal });
      names.learn(requests);
      return { rows: requests, next };
    },
    changes: ({ action }) => action === "join_requested" || (ENDS.has(action) && rows.mayHaveRows),
    onChange,
  });
  return rows;
}

/** @param {Context} context @param {RequestRows} rows */
export function requestSection(context, rows) {
  return new Section({
    title: "Requests to join",
    testid: "requests",
    none: "Nobody is waiting for an answer.",
    rows,
    keyOf: ({ user_id }) => user_id,
    draw: (request) => requestRow(context, request),
  });
}

/** @param {Context} context @param {GroupJoinRequest} request */
function requestRow({ client, names, toasts, groupId, group }, { user_id: id, role, message, at }) {
  const name = names.of(id);
  const roles = rolesToGive(group().role);
  const select = h(
    "select",
    { class: "role-select", testid: "request-role", "aria-label": `Role for ${isolated(name)}` },
    ...roles.map((value) => h("option", { value, selected: value === role }, value === "admin" ? "as admin" : "as member")),
  );
  const onError = (/** @type {unknown} */ error) => toasts.failed(error);
  const approve = async () => {
    await client.api.approveJoinRequest(groupId, id, { role: /** @type {Role} */ (select.value) });
    toasts.show(text`${name} is now in the group.`, { kind: "good", about: groupId });
  };
  const decline = async () => {
    await client.api.declineJoinRequest(groupId, id);
    toasts.show(text`The request of ${name} is declined.`, { about: groupId });
  };
  return personRow({
    userId: id,
    name,
    testid: "request",
    facts: [`asked ${moment(at)}`],
    note: message,
    actions: [
      ...(roles.length > 1 ? [select] : []),
      rowButton({ testid: "approve-request", text: "Approve", label: `Approve the request of ${isolated(name)}`, look: "primary small", onError, action: approve }),
      rowButton({ testid: "decline-request", text: "Decline", label: `Decline the request of ${isolated(name)}`, onError, action: decline }),
    ],
  });
}
