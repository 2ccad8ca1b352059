/**
 * The setting that says how outsiders can join a group.
 *
 * @import { JoinPolicy } from "../../../types/wire.js"
 * @import { Context } from "./context.js"
 */

import { h, say } from "../dom.js";

/** @type {Record<JoinPolicy, { name: string, hint: string }>} */
const POLICIES = {
  closed: { name: "Only invited people", hint: "People join only if somebody adds or invites them, or with a link." },
  request: { name: "Anyone, with approval", hint: "Anyone can find this group and ask to join. The owner and admins decide." },
  open: { name: "Anyone", hint: "Anyone can find this group and join it." },
};

export class PolicySetting {
  #context;
  #hint = h("p", { class: "hint", id: "join-policy-hint" });
  #select;
  element;

  /** @param {Context} context */
  constructor(context) {
    this.#context = context;
    this.#select = h(
      "select",
      { id: "join-policy", testid: "join-policy", "aria-describedby": "join-policy-hint", onchange: () => void this.#change() },
      ...Object.entries(POLICIES).map(([value, { name }]) => h("option", { value }, name)),
    );
    const label = h("h2", null, h("label", { htmlFor: "join-policy" }, "Who can join"));
    this.element = h("section", { class: "access-section", "aria-label": "Who can join" }, h("div", { class: "access-head" }, label, this.#select), this.#hint);
    this.draw();
  }

  draw() {
    const { join_policy } = this.#context.group();
    if (document.activeElement !== this.#select || this.#select.dataset.policy !== join_policy) this.#select.value = join_policy;
    this.#select.dataset.policy = join_policy;
    say(this.#hint, POLICIES[join_policy]?.hint ?? "");
  }

  async #change() {
    const { client, toasts, groupId } = this.#context;
    try {
      await client.api.updateGroup(groupId, { join_policy: /** @type {JoinPolicy} */ (this.#select.value) });
    } catch (error) {
      toasts.failed(error);
      this.#select.value = this.#context.group().join_policy;
    }
  }
}
