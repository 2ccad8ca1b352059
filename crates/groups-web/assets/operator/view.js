/**
 * The operator view: find groups and people, repair them, follow jobs. Loaded only for a token with the scope `groups:admin`, on demand.
 *
 * # Hooks for tests
 * `operator`, `operator-stats`, `operator-refresh`, `operator-kind`, `operator-query`, `operator-find`, `operator-problem`, `operator-result`,
 * `operator-more`; group: `operator-group`, `operator-edit`, `operator-add`, `operator-delete`, `operator-member` (`data-user-id`, `data-role`),
 * `operator-role`, `operator-remove`, `operator-change`, `operator-join-policy`; its ways in: `operator-access`, `operator-request`,
 * `operator-approve`, `operator-decline`, `operator-invitation`, `operator-withdraw`, `operator-ban`, `operator-unban` (rows: `data-user-id`),
 * `operator-link` (`data-state`), `operator-revoke-links`; person: `operator-user`, `operator-disconnect`, `operator-leave`, `operator-erase`,
 * `operator-confirmation`, `operator-job` (`data-state`); webhooks: `operator-open-webhooks`, `operator-webhooks`, `operator-webhook-row`
 * (`data-state`), `operator-new-webhook`, `webhook-url`, `webhook-types`, `webhook-description`, `webhook-secret`, `webhook-copy`; one of them:
 * `operator-webhook` (`data-state`), `operator-webhook-pause`, `…-test`, `…-edit`, `…-replay`, `…-rotate`, `…-delete`, `operator-test-result`,
 * `operator-delivery`, `webhook-after`. The dialogs have the hooks of the page's dialogs.
 *
 * @import { GroupsClient } from "../client/client.js"
 * @import { Toasts } from "../page/toasts.js"
 */

import { counted, h, named } from "../page/dom.js";
import { sentence } from "../page/toasts.js";
import { OperatorApi } from "./api.js";
import { groupDetail } from "./group.js";
import { Jobs } from "./jobs.js";
import { paged } from "./list.js";
import { userDetail } from "./user.js";
import { webhookDetail } from "./webhook.js";
import { webhookList } from "./webhooks.js";

/** What can be searched for. */
const KINDS = {
  groups: "Groups, by the beginning of the name",
  people: "People, by the beginning of the name",
  subject: "A person, by the subject of the token",
  user: "A person, by user id",
  group: "A group, by group id",
  job: "A job, by job id",
};

/** @typedef {{ api: OperatorApi, toasts: Toasts, jobs: Jobs, openGroup: (groupId: string) => Promise<void>, openUser: (userId: string, name?: string) => Promise<void>, openWebhooks: () => Promise<void>, openWebhook: (webhookId: string) => Promise<void>, close: () => void }} Operator */

export class OperatorView {
  #api;
  #jobs;
  /** @type {Operator} */
  #operator;
  #heading = h("h1", { tabIndex: -1 }, "Operator view");
  #stats = h("dl", { class: "facts operator-stats", testid: "operator-stats" });
  #problem = h("p", { class: "problem", role: "alert", testid: "operator-problem" });
  #kind = h("select", { id: "operator-kind", testid: "operator-kind" }, ...Object.entries(KINDS).map(([value, label]) => h("option", { value }, label)));
  #query = h("input", { id: "operator-query", testid: "operator-query", autocomplete: "off", maxLength: 255 });
  #results = h("div", { class: "operator-results" });
  #detail = h("section", { class: "operator-detail", "aria-label": "Details" });
  /** Counts lookups, so that the answer of an overtaken one is discarded. */
  #lookups = 0;
  element;

  /** @param {{ client: GroupsClient, toasts: Toasts }} parts */
  constructor({ client, toasts }) {
    this.#api = new OperatorApi(client.api);
    this.#jobs = new Jobs(this.#api);
    this.#operator = {
      api: this.#api,
      toasts,
      jobs: this.#jobs,
      openGroup: (groupId) => this.#open(() => groupDetail(this.#operator, groupId)),
      openUser: (userId, name) => this.#open(() => userDetail(this.#operator, userId, name)),
      openWebhooks: () => this.#open(() => webhookList(this.#operator)),
      openWebhook: (webhookId) => this.#open(() => webhookDetail(this.#operator, webhookId)),
      close: () => {
        this.#detail.replaceChildren();
        this.focus();
      },
    };
    const onsubmit = (/** @type {Event} */ event) => {
      event.preventDefault();
      void this.#find();
    };
    this.element = h(
      "main",
      { class: "operator", id: "operator", testid: "operator" },
      h(
        "div",
        { class: "operator-find" },
        this.#heading,
        h("form", { role: "search", onsubmit },
          h("div", { class: "field" }, h("label", { htmlFor: "operator-kind" }, "Find"), this.#kind),
          h("div", { class: "field" }, h("label", { htmlFor: "operator-query" }, "Search for"), this.#query),
          h("button", { type: "submit", class: "primary", testid: "operator-find" }, "Find"),
        ),
        this.#problem,
        this.#results,
        this.#jobs.element,
        h("h2", null, "This service"),
        this.#stats,
        h("button", { type: "button", class: "quiet small", testid: "operator-refresh", onclick: () => void this.#count() }, "Refresh"),
        h("h2", null, "Other systems"),
        h("button", { type: "button", class: "quiet", testid: "operator-open-webhooks", onclick: () => void this.#operator.openWebhooks() }, "Webhooks"),
      ),
      this.#detail,
    );
    void this.#count();
  }

  focus() {
    this.#heading.focus();
  }

  close() {
    this.#jobs.close();
  }

  async #count() {
    await this.#attempt(async () => {
      const stats = await this.#api.stats();
      const facts = {
        Groups: stats.groups,
        Memberships: stats.memberships,
        "Connections of this server": stats.connections,
        "Connections of all servers": stats.connections_of_all,
        "Changes in the log": stats.log.changes,
      };
      this.#stats.replaceChildren(...Object.entries(facts).flatMap(([name, count]) => [h("dt", null, name), h("dd", null, count.toLocaleString("en"))]));
    });
  }

  async #find() {
    const query = this.#query.value.trim();
    this.#results.replaceChildren();
    await this.#attempt(async () => {
      switch (this.#kind.value) {
        case "group":
          return this.#operator.openGroup(query);
        case "user":
          return this.#operator.openUser(query);
        case "subject":
          return this.#operator.openUser((await this.#api.subject(query)).user_id, query);
        case "job":
          return this.#jobs.follow(query, "Job");
        case "people": {
          const { users } = await this.#api.people(query);
          const rows = users.map(({ user_id, name }) => result(name, user_id, () => void this.#operator.openUser(user_id, name)));
          return this.#show(await paged("People", async () => ({ rows, next: null })), rows.length);
        }
        default: {
          const list = await paged("Groups", async (after) => {
            const { groups, next } = await this.#api.groups({ query, after });
            return { rows: groups.map((group) => result(group.name, counted(group.member_count, "member", "members"), () => void this.#operator.openGroup(group.group_id))), next };
          });
          this.#show(list, list.querySelectorAll("li").length);
        }
      }
    });
  }

  /** @param {HTMLElement} list @param {number} count */
  #show(list, count) {
    this.#results.replaceChildren(h("p", { class: "hint", role: "status" }, count ? `${count} found.` : "Nothing found."), list);
  }

  /** @param {() => Promise<HTMLElement>} detail */
  async #open(detail) {
    const lookup = (this.#lookups += 1);
    await this.#attempt(async () => {
      const element = await detail();
      if (lookup !== this.#lookups) return;
      this.#detail.replaceChildren(element);
      element.querySelector("h2")?.focus();
    });
  }

  /** @param {() => Promise<unknown>} action */
  async #attempt(action) {
    this.#problem.textContent = "";
    try {
      await action();
    } catch (error) {
      this.#problem.textContent = sentence(error);
    }
  }
}

/** @param {string} name @param {string} note @param {() => void} onclick */
function result(name, note, onclick) {
  return h("li", null, h("button", { type: "button", class: "operator-row", testid: "operator-result", onclick }, named(name, { class: "name" }), h("span", { class: "hint" }, note)));
}
