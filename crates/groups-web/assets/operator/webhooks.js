/**
 * The webhooks, as an operator sees them: the list, a new one, and its secret.
 *
 * @import { Webhook } from "../../types/wire.js"
 * @import { Operator } from "./view.js"
 */

import { toClipboard } from "../page/clipboard.js";
import { ask, field } from "../page/dialogs.js";
import { h, icon, moment, named, say } from "../page/dom.js";
import { paged } from "./list.js";

/** @param {Operator} operator @returns {Promise<HTMLElement>} */
export async function webhookList(operator) {
  const list = await paged("Webhooks", async (after) => {
    const { webhooks, next } = await operator.api.webhooks(after);
    const rows = webhooks.map((webhook) =>
      h("li", null, h("button", { type: "button", class: "operator-row", testid: "operator-webhook-row", "data-state": webhook.state, onclick: () => void operator.openWebhook(webhook.webhook_id) }, named(webhook.description || webhook.url, { class: "name" }), h("span", { class: "hint" }, stateText(webhook)))),
    );
    return { rows, next };
  });
  const isEmpty = list.querySelector("li") === null;
  return h(
    "article",
    { testid: "operator-webhooks" },
    h("h2", { tabIndex: -1 }, "Webhooks"),
    h("p", { class: "hint" }, "Each webhook sends signed messages about changes to another system, and continues where it stopped."),
    h("div", { class: "operator-actions" }, h("button", { type: "button", class: "primary", testid: "operator-new-webhook", onclick: () => void create(operator) }, "New webhook")),
    h("h3", null, "All webhooks"),
    list,
    isEmpty ? h("p", { class: "hint" }, "There are no webhooks.") : null,
  );
}

/** @param {Webhook} webhook */
export function stateText({ state, reason, failing_since }) {
  const failing = failing_since ? `failing since ${moment(failing_since)}` : "";
  if (state === "active") return failing || "active";
  const why = { operator: "by an operator", failed: "deliveries have failed for three days", gone: "the receiver wants no more messages", log_expired: "the log no longer has the next change" };
  return `paused${reason ? `: ${why[reason] ?? reason}` : ""}`;
}

/** @param {Operator} operator */
async function create(operator) {
  const url = h("input", { id: "webhook-url", testid: "webhook-url", type: "url", required: true, autocomplete: "off", maxLength: 2048 });
  const types = h("input", { id: "webhook-types", testid: "webhook-types", autocomplete: "off", placeholder: "group.*" });
  const description = h("input", { id: "webhook-description", testid: "webhook-description", autocomplete: "off", maxLength: 1000 });
  /** @type {{ webhook_id: string, secret?: string } | undefined} */
  let created;
  await ask({
    title: "New webhook",
    content: [
      field("Address of the receiver", url),
      field("Types, separated by commas", types),
      h("p", { class: "hint" }, "For example group.member_added, group.member_left. Empty: every change of a group. user.catch_up is for wake-ups of phones, and has a webhook of its own."),
      field("Description", description),
    ],
    submit: "Create",
    testid: "operator-webhook-dialog",
    onsubmit: async () => {
      created = await operator.api.createWebhook({ url: url.value, types: typesOf(types.value) ?? undefined, description: description.value });
    },
  });
  if (!created) return;
  await showSecret(created.secret);
  await operator.openWebhook(created.webhook_id);
}

/** `null` for every change of a group. @param {string} text */
export function typesOf(text) {
  const types = text.split(/[\s,]+/).filter((type) => type !== "");
  return types.length > 0 ? types : null;
}

/** @param {string} [secret] */
export function showSecret(secret = "") {
  const shown = h("input", { id: "webhook-secret", testid: "webhook-secret", value: secret, readOnly: true, dir: "ltr", spellcheck: false, onfocus: () => shown.select() });
  const said = h("span", { class: "hint", role: "status" });
  const copied = async () => say(said, (await toClipboard(shown)) ? "Copied." : "Could not copy the secret. Select it and copy it yourself.");
  const copy = h("button", { type: "button", class: "quiet", testid: "webhook-copy", onclick: () => void copied() }, icon("copy"), "Copy");
  return ask({
    title: "Secret of the webhook",
    content: [
      h("p", null, "Copy this secret now, and give it to the receiver. For security reasons, it is shown only once."),
      h("div", { class: "field" }, h("label", { htmlFor: "webhook-secret" }, "Secret"), h("div", { class: "copy-line" }, shown, copy), said),
    ],
    submit: "Done",
    cancel: false,
    testid: "operator-secret-dialog",
    onsubmit: () => {},
  });
}
