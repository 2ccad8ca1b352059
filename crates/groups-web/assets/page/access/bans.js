/**
 * The people who are banned from a group: ban and lift.
 *
 * @import { Ban } from "../../../types/wire.js"
 * @import { Context } from "./context.js"
 */

import { isolated } from "../../client/bidi.js";
import { ask } from "../dialogs.js";
import { counted, day, h, icon, text } from "../dom.js";
import { noteField } from "../note.js";
import { Picker } from "../picker.js";
import { each } from "./each.js";
import { personRow, rowButton } from "./person-row.js";
import { AccessRows } from "./rows.js";
import { Section } from "./section.js";

/** @typedef {AccessRows<Ban>} BanRows */

/** @param {Context} context @param {() => void} onChange @returns {BanRows} */
export function banRows({ client, names, groupId }, onChange) {
  return new AccessRows({
    client,
    groupId,
    read: async (page, signal) => {
      const { bans, next } = await client.api.listBans(groupId, page, { signal });
      names.learn(bans);
      return { rows: bans, next };
    },
    changes: ({ action }) => action === "banned" || action === "unbanned",
    onChange,
  });
}

/** @param {Context} context @param {BanRows} rows */
export function banSection(context, rows) {
  const ban = h("button", { type: "button", class: "quiet small risky", testid: "ban", onclick: () => void banning(context) }, icon("ban"), "Ban people");
  return new Section({
    title: "Bans",
    testid: "bans",
    none: "Nobody is banned.",
    actions: [ban],
    rows,
    keyOf: ({ user_id }) => user_id,
    draw: (row) => banRow(context, row),
  });
}

/** @param {Context} context @param {Ban} ban */
function banRow({ client, names, toasts, groupId }, { user_id: id, banned_by, reason, at }) {
  const name = names.of(id);
  const lift = async () => {
    await client.api.unban(groupId, id);
    toasts.show(text`The ban of ${name} is lifted. They can join again.`, { about: groupId });
  };
  return personRow({
    userId: id,
    name,
    testid: "banned",
    facts: text`by ${names.of(banned_by)} on ${[day(at)]}`,
    note: reason,
    actions: [rowButton({ testid: "lift-ban", text: "Lift", label: `Lift the ban of ${isolated(name)}`, onError: (error) => toasts.failed(error), action: lift })],
  });
}

/** Asks why a member is banned. @param {Context} context @param {string} userId */
export function banningMember({ client, names, toasts, groupId, group }, userId) {
  const name = names.of(userId);
  const reason = reasonField();
  return ask({
    title: text`Ban ${name}?`,
    testid: "ban-dialog",
    submit: "Ban",
    danger: true,
    content: [h("p", null, ...text`${name} will no longer see ${group().name}, and cannot join it again until the ban is lifted.`), reason.element],
    onsubmit: async () => {
      await client.api.ban(groupId, userId, { reason: reason.value() });
      toasts.show(text`${name} is banned.`, { kind: "good", about: groupId });
    },
  });
}

/** Asks whom to ban. @param {Context} context */
function banning({ client, session, names, toasts, groupId, group }) {
  const picker = new Picker({ session, names, roles: [] });
  const reason = reasonField();
  return ask({
    title: text`Ban people from ${group().name}`,
    testid: "ban-dialog",
    submit: "Ban",
    content: [picker.element, reason.element, h("p", { class: "hint" }, "They cannot join until the ban is lifted. Members are removed. Invitations and requests to join end.")],
    onsubmit: async () => {
      const people = await picker.members();
      if (people.length === 0) throw new Error("Choose at least one person");
      const { done, failed } = await each(people, ({ user_id }) => client.api.ban(groupId, user_id, { reason: reason.value() }));
      if (done.length > 0) toasts.show(`${counted(done.length, "person", "people")} banned.`, { kind: "good", about: groupId });
      if (failed) throw new Error(`Could not ban ${isolated(names.of(failed.item.user_id))}: ${failed.reason}`);
    },
  });
}

const reasonField = () => noteField({ id: "ban-reason", testid: "ban-reason", label: "Reason (optional)", hint: "Only the owner and admins see it." });
