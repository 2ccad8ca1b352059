/**
 * One person, as an operator sees them: groups, connections, leaving all groups, erasure.
 *
 * @import { Operator } from "./view.js"
 */

import { ask, field } from "../page/dialogs.js";
import { counted, h, named, text } from "../page/dom.js";
import { paged } from "./list.js";

/** @param {Operator} operator @param {string} userId @param {string} [name] @returns {Promise<HTMLElement>} */
export async function userDetail(operator, userId, name = userId) {
  const { api, toasts, jobs } = operator;
  const groups = await paged("Groups of this person", async (after) => {
    const page = await api.groups({ user_id: userId, after });
    const row = (/** @type {typeof page.groups[number]} */ group) =>
      h("li", null, h("button", { type: "button", class: "operator-row", testid: "operator-result", onclick: () => void operator.openGroup(group.group_id) }, named(group.name, { class: "name" }), h("span", { class: "hint" }, counted(group.member_count, "member", "members"))));
    return { rows: page.groups.map(row), next: page.next };
  });
  const disconnect = async () => {
    try {
      await api.disconnect(userId);
      toasts.show(text`The connections of ${name} are closed.`, { kind: "good" });
    } catch (error) {
      toasts.failed(error);
    }
  };
  const end = async (/** @type {"leave" | "erase"} */ mode) => {
    if (await remove(mode)) operator.close();
  };
  return h(
    "article",
    { testid: "operator-user", "data-user-id": userId },
    h("h2", { tabIndex: -1 }, named(name)),
    h("p", { class: "hint" }, userId),
    h(
      "div",
      { class: "operator-actions" },
      h("button", { type: "button", class: "quiet", testid: "operator-disconnect", onclick: () => void disconnect() }, "Disconnect"),
      h("button", { type: "button", class: "quiet risky", testid: "operator-leave", onclick: () => void end("leave") }, "Take out of all groups"),
      h("button", { type: "button", class: "quiet risky", testid: "operator-erase", onclick: () => void end("erase") }, "Erase"),
    ),
    h("h3", null, "Groups"),
    groups,
  );

  /** Asks the operator to type a word, because neither can be undone. @param {"leave" | "erase"} mode */
  function remove(mode) {
    const typed = h("input", { id: "operator-confirmation", testid: "operator-confirmation", autocomplete: "off", required: true });
    const what = mode === "erase" ? "They leave every group, and their id and name are erased from everything that is stored." : "They leave every group.";
    return ask({
      title: mode === "erase" ? text`Erase ${name}?` : text`Take ${name} out of all groups?`,
      content: [
        h("p", null, `${what} A group that they own passes to an admin or member, or is deleted if nobody else is in it. This cannot be undone.`),
        field(`Type "${mode}" to confirm`, typed),
      ],
      submit: mode === "erase" ? "Erase" : "Take out",
      danger: true,
      testid: `operator-${mode}-dialog`,
      onsubmit: async () => {
        if (typed.value.trim() !== mode) throw new Error(`Type the word "${mode}" to confirm.`);
        const { job_id } = await api.removeUser(userId, mode);
        await jobs.follow(job_id, `${mode === "erase" ? "Erase" : "Take out"} ${name}`);
      },
    });
  }
}
