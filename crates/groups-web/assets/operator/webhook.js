/**
 * One webhook, as an operator sees it: state, settings, a test, deliveries, replay.
 *
 * @import { Delivery, Webhook } from "../../types/wire.js"
 * @import { Operator } from "./view.js"
 */

import { ask, confirm, field } from "../page/dialogs.js";
import { h, moment, named, sayText, text } from "../page/dom.js";
import { sentence } from "../page/toasts.js";
import { paged } from "./list.js";
import { showSecret, stateText, typesOf } from "./webhooks.js";

/** @param {Operator} operator @param {string} id @returns {Promise<HTMLElement>} */
export async function webhookDetail(operator, id) {
  const { api, toasts } = operator;
  const again = () => operator.openWebhook(id);
  const [webhook, deliveries] = await Promise.all([
    api.webhook(id),
    paged("Deliveries", async (after) => {
      const page = await api.deliveries(id, after);
      return { rows: page.deliveries.map(deliveryRow), next: page.next };
    }),
  ]);
  const name = webhook.description || webhook.url;
  const isActive = webhook.state === "active";
  const attempt = async (/** @type {() => Promise<unknown>} */ action) => {
    try {
      await action();
      await again();
    } catch (error) {
      toasts.failed(error);
    }
  };
  const whenDone = async (/** @type {Promise<boolean>} */ asked) => {
    if (await asked) await again();
  };
  const rotate = async () => {
    /** @type {string | undefined} */
    let secret;
    const done = await confirm({
      title: text`Make a new secret for ${name}?`,
      text: "For 24 hours messages are signed with both secrets. Give the receiver the new one within this time.",
      submit: "Make a new secret",
      testid: "operator-rotate-dialog",
      onsubmit: async () => {
        secret = (await api.changeWebhook(id, { rotate_secret: true })).secret;
      },
    });
    if (!done) return;
    await showSecret(secret);
    await again();
  };
  const remove = async () => {
    const done = await confirm({ title: text`Delete the webhook ${name}?`, text: "Messages that were not delivered are lost. This cannot be undone.", submit: "Delete", testid: "operator-webhook-delete-dialog", onsubmit: () => api.deleteWebhook(id) });
    if (done) await operator.openWebhooks();
  };
  const result = h("p", { class: "hint", role: "status", testid: "operator-test-result" });
  const test = async () => {
    tester.disabled = true;
    sayText(result, "Sending…");
    try {
      const { delivered, status, error, duration_ms, response } = await api.testWebhook(id);
      const outcome = delivered ? "Delivered" : `Not delivered${error ? `: ${error}` : ""}`;
      sayText(result, `${outcome} (${status ? `status ${status}, ` : ""}${duration_ms.toLocaleString("en")} ms)${response ? `: ${response}` : ""}`);
    } catch (error) {
      sayText(result, sentence(error));
    } finally {
      tester.disabled = false;
    }
  };
  const tester = h("button", { type: "button", class: "quiet", testid: "operator-webhook-test", onclick: () => void test() }, "Send a test");
  return h(
    "article",
    { testid: "operator-webhook", "data-state": webhook.state },
    h("h2", { tabIndex: -1 }, named(name)),
    h(
      "dl",
      { class: "facts operator-stats operator-settings" },
      ...facts(webhook).flatMap(([label, value]) => [h("dt", null, label), h("dd", null, named(value))]),
    ),
    h(
      "div",
      { class: "operator-actions" },
      h("button", { type: "button", class: "quiet", testid: "operator-webhook-pause", onclick: () => void attempt(() => api.changeWebhook(id, { state: isActive ? "paused" : "active" })) }, isActive ? "Pause" : "Resume"),
      tester,
      h("button", { type: "button", class: "quiet", testid: "operator-webhook-edit", onclick: () => void whenDone(edit(operator, webhook)) }, "Edit"),
      h("button", { type: "button", class: "quiet", testid: "operator-webhook-replay", onclick: () => void whenDone(replay(operator, webhook)) }, "Replay"),
      h("button", { type: "button", class: "quiet", testid: "operator-webhook-rotate", onclick: () => void rotate() }, "New secret"),
      h("button", { type: "button", class: "quiet risky", testid: "operator-webhook-delete", onclick: () => void remove() }, "Delete"),
    ),
    result,
    h("h3", null, "Latest deliveries"),
    deliveries,
    deliveries.querySelector("li") === null ? h("p", { class: "hint" }, "Nothing was sent in the last 7 days.") : null,
  );
}

/** @param {Webhook} webhook @returns {[string, string][]} */
function facts(webhook) {
  const { url, types, last_error, previous_secret_until, cursor, created_at, webhook_id } = webhook;
  return [
    ["State", stateText(webhook)],
    ...(last_error ? [/** @type {[string, string]} */ (["Last error", last_error])] : []),
    ["Receiver", url],
    ["Types", types ? types.join(", ") : "group.*"],
    ...(previous_secret_until ? [/** @type {[string, string]} */ (["Previous secret until", moment(previous_secret_until)])] : []),
    ["Delivered up to cursor", cursor],
    ["Created", moment(created_at)],
    ["Id", webhook_id],
  ];
}

/** @param {Operator} operator @param {Webhook} webhook */
function edit({ api }, webhook) {
  const url = h("input", { id: "webhook-url", testid: "webhook-url", type: "url", required: true, maxLength: 2048, value: webhook.url });
  const types = h("input", { id: "webhook-types", testid: "webhook-types", value: webhook.types?.join(", ") ?? "", placeholder: "group.*" });
  const description = h("input", { id: "webhook-description", testid: "webhook-description", maxLength: 1000, value: webhook.description });
  return ask({
    title: "Edit the webhook",
    content: [field("Address of the receiver", url), field("Types, separated by commas", types), field("Description", description)],
    submit: "Save",
    testid: "operator-webhook-dialog",
    onsubmit: () => api.changeWebhook(webhook.webhook_id, { url: url.value, types: typesOf(types.value), description: description.value }),
  });
}

/** @param {Operator} operator @param {Webhook} webhook */
function replay({ api }, { webhook_id }) {
  const after = h("input", { id: "webhook-after", testid: "webhook-after", required: true, autocomplete: "off", spellcheck: false });
  return ask({
    title: "Deliver changes again",
    content: [
      h("p", null, "The changes after this cursor are delivered again, with the same ids, and the webhook becomes active. A cursor is in each delivered message, and in each line of groupctl feed."),
      field("After the cursor", after),
    ],
    submit: "Replay",
    testid: "operator-replay-dialog",
    onsubmit: () => api.replayWebhook(webhook_id, after.value.trim()),
  });
}

/** @param {Delivery} delivery */
function deliveryRow({ message_id, type, at, attempt, status, error, duration_ms, response }) {
  const outcome = error ?? `status ${status ?? "unknown"}`;
  return h("li", { class: "operator-change", testid: "operator-delivery" }, h("b", null, type), h("span", { class: "hint" }, `${outcome}, ${duration_ms.toLocaleString("en")} ms, attempt ${attempt}, ${moment(at)}, ${message_id}`), response ? named(response, { class: "hint" }) : null);
}
