// A client generated from the OpenAPI document: what it does here shows that its types are usable, and true.
// `client.js URL TOKEN OTHER_TOKEN`, where the first token has the scope `groups:admin`.

import { deepStrictEqual as same, ok, strictEqual as is } from "node:assert";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

declare const process: { argv: string[] };
const [, , baseUrl = "", token, otherToken] = process.argv;
const client = (token?: string) =>
  createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });
const ada = client(token);
const bob = client(otherToken);

const me = await ada.GET("/v1/me");
const other = await bob.GET("/v1/me");
ok(me.data && other.data);
const user_id: string = other.data.user_id;

// Creating: the same key is the same group.
const create = () =>
  ada.POST("/v1/groups", {
    params: { header: { "Idempotency-Key": "once" } },
    body: { name: "Choir", members: [{ user_id, role: "admin" }] },
  });
const [created, again] = [await create(), await create()];
ok(created.data && again.data);
same(again.data, created.data);
is(again.response.headers.get("Idempotency-Replayed"), "true");
const group: components["schemas"]["Group"] = created.data;
const role: "member" | "admin" | "owner" | undefined = group.role;
is(role, "owner");
const path = { group_id: group.group_id };

// Reading, with the query.
const page = await ada.GET("/v1/groups/{group_id}/members", { params: { path, query: { limit: 1 } } });
ok(page.data?.next);
const rest = await ada.GET("/v1/groups/{group_id}/members", { params: { path, query: { after: page.data.next } } });
is(rest.data?.members[0]?.user_id, user_id);
is(rest.data?.next, null);

// Changing, and the errors: their codes are a union of literals for each operation.
const renamed = await bob.PATCH("/v1/groups/{group_id}", {
  params: { path, header: { "If-Match": `"${group.version}"` } },
  body: { name: "Chamber Choir" },
});
is(renamed.data?.version, group.version + 1);
const late = await bob.PATCH("/v1/groups/{group_id}", {
  params: { path, header: { "If-Match": `"${group.version}"` } },
  body: { name: "Too late" },
});
ok(late.error);
is(late.error.code, "version_mismatch");
const forbidden = await bob.DELETE("/v1/groups/{group_id}", { params: { path } });
is(forbidden.error?.code, "forbidden");

// The history is a union that `action` discriminates.
const history = await ada.GET("/v1/groups/{group_id}/changes", { params: { path } });
const names = history.data?.changes.map((change) => (change.action === "settings_changed" ? change.name : change.action));
same(names, ["group_created", "Chamber Choir"]);

// An operator.
const check = await ada.POST("/v1/admin/check", { body: { checks: [{ ...path, user_id, role: "owner" }] } });
same(check.data?.results, [{ member: false, role: "admin", version: 2 }]);
const refused = await bob.GET("/v1/admin/stats");
is(refused.error?.code, "forbidden");

const deleted = await ada.DELETE("/v1/groups/{group_id}", { params: { path } });
is(deleted.response.status, 204);
const gone = await ada.GET("/v1/groups/{group_id}", { params: { path } });
is(gone.error?.code, "group_not_found");
console.log("ok");
