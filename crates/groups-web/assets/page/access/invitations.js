/**
 * The invitations of a group that have not been answered: invite and withdraw.
 *
 * @import { GroupInvitation } from "../../../types/wire.js"
 * @import { Context } from "./context.js"
 */

import { isolated } from "../../client/bidi.js";
import { rolesToGive } from "../../client/permissions.js";
import { ask, field } from "../dialogs.js";
import { counted, h, icon, text } from "../dom.js";
import { Picker } from "../picker.js";
import { each } from "./each.js";
import { expirySeconds, expirySelect, expiryText } from "./expiry.js";
import { personRow, rowButton } from "./person-row.js";
import { AccessRows } from "./rows.js";
import { Section } from "./section.js";

/** Changes that can end an invitation. */
const ENDS = new Set(["invitation_ended", "member_added", "members_added", "banned"]);

/** @typedef {AccessRows<GroupInvitation>} InvitationRows */

/** @param {Context} context @param {() => void} onChange @returns {InvitationRows} */
export function invitationRows({ client, names, groupId }, onChange) {
  /** @type {InvitationRows} */
  const rows = new AccessRows({
    client,
    groupId,
    read: async (page, signal) => {
      const { invitations, next } = await client.api.listInvitations(groupId, page, { signal });
      names.learn(invitations);
      return { rows: invitations, next };
    },
    changes: ({ action }) => action === "invited" || (ENDS.has(action) && rows.mayHaveRows),
    onChange,
  });
  return rows;
}

/** @param {Context} context @param {InvitationRows} rows */
export function invitationSection(context, rows) {
  const invite = h("button", { type: "button", class: "quiet small", testid: "invite", onclick: () => void inviting(context) }, icon("plus"), "Invite people");
  return new Section({
    title: "Invitations",
    testid: "invitations",
    none: "Nobody is invited.",
    actions: [invite],
    rows,
    keyOf: ({ user_id }) => user_id,
    draw: (invitation) => invitationRow(context, invitation),
  });
}

/** @param {Context} context @param {GroupInvitation} invitation */
function invitationRow({ client, names, toasts, groupId }, { user_id: id, role, invited_by, expires_at }) {
  const name = names.of(id);
  const withdraw = async () => {
    await client.api.withdrawInvitation(groupId, id);
    toasts.show(text`The invitation of ${name} is withdrawn.`, { about: groupId });
  };
  return personRow({
    userId: id,
    name,
    testid: "invitation",
    facts: text`${role === "admin" ? ["as admin"] : ["as member"]} · by ${names.of(invited_by)} · ${[expiryText(expires_at)]}`,
    actions: [rowButton({ testid: "withdraw-invitation", text: "Withdraw", label: `Withdraw the invitation of ${isolated(name)}`, onError: (error) => toasts.failed(error), action: withdraw })],
  });
}

/** Asks whom to invite. @param {Context} context */
export function inviting({ client, session, names, toasts, groupId, group }) {
  const { name, role } = group();
  const picker = new Picker({ session, names, roles: rolesToGive(role) });
  const expiry = expirySelect("invitation-expiry");
  return ask({
    title: text`Invite people to ${name}`,
    testid: "invite-dialog",
    submit: "Invite",
    content: [picker.element, field("Expires", expiry)],
    onsubmit: async () => {
      const people = await picker.members();
      if (people.length === 0) throw new Error("Choose at least one person");
      const expires_in_seconds = expirySeconds(expiry);
      const { done, failed } = await each(people, ({ user_id, role: given }) => client.api.invite(groupId, user_id, { role: given, expires_in_seconds }));
      const joined = done.filter((answer) => "member" in answer).length;
      const invited = done.length - joined;
      const wereWaiting = joined > 0 ? ` ${counted(joined, "person had asked to join and is now a member", "people had asked to join and are now members")}.` : "";
      if (done.length > 0) toasts.show(`${counted(invited, "person", "people")} invited.${wereWaiting}`, { kind: "good", about: groupId });
      if (failed) throw new Error(`Could not invite ${isolated(names.of(failed.item.user_id))}: ${failed.reason}`);
    },
  });
}
