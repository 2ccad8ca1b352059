/**
 * The ways into a group, as an operator sees them: requests to join, invitations, links and bans.
 *
 * @import { Group, Link } from "../../types/wire.js"
 * @import { Operator } from "./view.js"
 */

import { isolated } from "../client/bidi.js";
import { expiryText } from "../page/access/expiry.js";
import { linkState } from "../page/access/links.js";
import { confirm } from "../page/dialogs.js";
import { counted, h, moment, named, text } from "../page/dom.js";
import { paged } from "./list.js";

/** @param {Operator} operator @param {Group} group @param {() => Promise<void>} again @returns {Promise<HTMLElement>} */
export async function accessDetail({ api, openUser, toasts }, { group_id: id, name: groupName }, again) {
  /** A row about a person. @param {string} kind @param {{ user_id: string, name?: string }} person @param {(Node | string)[]} facts @param {HTMLElement[]} actions */
  const personRow = (kind, { user_id, name }, facts, actions) =>
    h(
      "li",
      { class: "operator-member", testid: `operator-${kind}`, "data-user-id": user_id },
      h("button", { type: "button", class: "link", onclick: () => void openUser(user_id, name) }, named(name ?? user_id)),
      h("span", { class: "hint operator-facts" }, ...facts),
      ...actions,
    );
  /** @param {string} testid @param {string} label @param {string} about @param {() => Promise<unknown>} action */
  const button = (testid, label, about, action) => {
    const run = async () => {
      it.disabled = true;
      try {
        await action();
        await again();
      } catch (error) {
        it.disabled = false;
        toasts.failed(error);
      }
    };
    const it = h("button", { type: "button", class: "quiet small", testid, "aria-label": `${label}: ${isolated(about)}`, onclick: () => void run() }, label);
    return it;
  };
  const nameOf = (/** @type {{ user_id: string, name?: string }} */ person) => person.name ?? person.user_id;

  const lists = await Promise.all([
    paged("Requests to join", async (after) => {
      const { requests, next } = await api.joinRequests(id, after);
      const rows = requests.map((request) =>
        personRow("request", request, withNote(`as ${request.role}, ${moment(request.at)}`, request.message), [
          button("operator-approve", "Approve", nameOf(request), () => api.approveJoinRequest(id, request.user_id)),
          button("operator-decline", "Decline", nameOf(request), () => api.declineJoinRequest(id, request.user_id)),
        ]),
      );
      return { rows, next };
    }),
    paged("Invitations", async (after) => {
      const { invitations, next } = await api.invitations(id, after);
      const rows = invitations.map((invitation) =>
        personRow("invitation", invitation, [`as ${invitation.role}, ${expiryText(invitation.expires_at)}`], [
          button("operator-withdraw", "Withdraw", nameOf(invitation), () => api.withdrawInvitation(id, invitation.user_id)),
        ]),
      );
      return { rows, next };
    }),
    paged("Links", async (after) => {
      const { links, next } = await api.links(id, after);
      return { rows: links.map(linkRow), next };
    }),
    paged("Bans", async (after) => {
      const { bans, next } = await api.bans(id, after);
      const rows = bans.map((ban) =>
        personRow("ban", ban, withNote(moment(ban.at), ban.reason), [button("operator-unban", "Lift", nameOf(ban), () => api.unban(id, ban.user_id))]),
      );
      return { rows, next };
    }),
  ]);
  const revoke = async () => {
    const done = await confirm({
      title: text`Revoke all links of ${groupName}?`,
      text: "Nobody can join with them any more.",
      submit: "Revoke all",
      testid: "operator-revoke-dialog",
      onsubmit: () => api.revokeLinks(id),
    });
    if (done) await again();
  };
  const titles = ["Requests to join", "Invitations", "Links", "Bans"];
  const shown = lists.flatMap((list, index) => {
    const isEmpty = list.querySelector("li") === null;
    if (isEmpty) return [];
    const revokeAll = h("button", { type: "button", class: "quiet small risky", testid: "operator-revoke-links", onclick: () => void revoke() }, "Revoke all links");
    return [h("h3", null, titles[index]), list, ...(titles[index] === "Links" ? [revokeAll] : [])];
  });
  return h("div", { testid: "operator-access" }, ...(shown.length > 0 ? shown : [h("p", { class: "hint" }, "There are no requests to join, invitations, links or bans.")]));
}

/** Facts, and what somebody has written. @param {string} facts @param {string} [note] */
const withNote = (facts, note) => (note ? [`${facts}: `, named(note)] : [facts]);

/** @param {Link} link */
function linkRow(link) {
  const { link_id, role, uses, uses_max, expires_at, approval, at } = link;
  const state = linkState(link);
  const used = uses_max === null ? counted(uses, "use", "uses") : `${uses} of ${counted(uses_max, "use", "uses")}`;
  const ended = state === "expired" ? "expired, " : state === "used-up" ? "used up, " : "";
  return h("li", { class: "operator-change", testid: "operator-link", "data-state": state }, h("b", null, `${approval ? "Asks to join" : "Joins"} as ${role}`), h("span", { class: "hint" }, `${ended}${used}, ${expiryText(expires_at)}, created ${moment(at)}, ${link_id}`));
}
