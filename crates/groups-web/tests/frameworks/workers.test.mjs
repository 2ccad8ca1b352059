// The workers of docs/recipes.md, with a database in memory.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";

import { build } from "esbuild";

/** The module, compiled. */
async function compiled(name) {
  const outfile = new URL(`../workers/${name}.mjs`, import.meta.url).pathname;
  const entry = new URL(`../workers/${name}.ts`, import.meta.url).pathname;
  await build({ entryPoints: [entry], outfile, bundle: true, format: "esm", platform: "node" });
  return import(outfile);
}

/** A database that knows the statements of the workers. */
class Database {
  state = { handled: [], position: [], mails: [] };
  failing = false;

  async transaction(work) {
    const before = structuredClone(this.state);
    try {
      return await work(async (statement, ...values) => this.execute(statement, values));
    } catch (error) {
      this.state = before;
      throw error;
    }
  }

  execute(statement, values) {
    const [id] = values;
    if (statement.startsWith("SELECT cursor")) return this.state.position.map((cursor) => ({ cursor }));
    if (statement.startsWith("INSERT INTO position")) this.state.position = [id];
    else if (statement.startsWith("INSERT INTO mails")) {
      if (this.failing) throw new Error("the disk is full");
      this.state.mails.push(values);
    } else if (!this.state.handled.includes(id)) {
      this.state.handled.push(id);
      return [{ id }];
    }
    return [];
  }
}

const change = (version) => ({ group_id: "g", version, cursor: `c${version}`, action: "member_added", user_id: "u" });

test("the worker on the feed reacts once to each change, and continues after its cursor", async () => {
  const { work } = await compiled("feed-worker");
  const asked = [];
  const server = createServer((request, response) => {
    const after = new URL(request.url, "http://localhost").searchParams.get("after");
    asked.push(after);
    if (asked.length === 1) response.destroy();
    else if (after === null) response.end(JSON.stringify({ changes: [change(1), change(2)], next: "c2" }));
    // A change is repeated.
    else if (asked.length === 3) response.end(JSON.stringify({ changes: [change(2), change(3)], next: "c3" }));
    else response.writeHead(410).end("cursor_expired");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const db = new Database();
  const url = `http://127.0.0.1:${server.address().port}`;
  await assert.rejects(work(db, url, "t"), /410/);
  assert.deepEqual(db.state.mails, [["u", "g"], ["u", "g"], ["u", "g"]]);
  assert.deepEqual(asked, [null, null, "c2", "c3"]);
  await assert.rejects(work(db, url, "t"), /410/);
  assert.equal(asked.at(-1), "c3", "it continues after the cursor that it has stored");
  server.closeAllConnections();
  server.close();
});

test("the receiver of webhooks reacts once, and only to signed messages", async () => {
  const { receive } = await compiled("webhook-receiver");
  const db = new Database();
  const key = Buffer.alloc(32, 7);
  const secret = `whsec_${key.toString("base64")}`;
  const send = async (id, { with: by = key, at = Math.floor(Date.now() / 1000) } = {}) => {
    const body = JSON.stringify({ type: "group.member_added", group_id: "g", user_id: "u" });
    const tag = createHmac("sha256", by).update(`${id}.${at}.${body}`).digest("base64");
    const headers = { "webhook-id": id, "webhook-timestamp": String(at), "webhook-signature": `v1,${"A".repeat(43)}= v1,${tag}` };
    return (await receive(db, secret, new Request("http://localhost/", { method: "POST", headers, body }))).status;
  };
  assert.deepEqual([await send("g.1"), await send("g.1"), await send("g.2")], [204, 204, 204]);
  assert.equal(await send("g.3", { with: Buffer.alloc(32, 8) }), 401, "another secret");
  assert.equal(await send("g.3", { at: Math.floor(Date.now() / 1000) - 301 }), 401, "an old message");
  assert.equal(db.state.mails.length, 2);
  db.failing = true;
  await assert.rejects(send("g.4"), /the disk is full/);
  db.failing = false;
  assert.equal(await send("g.4"), 204, "it was not handled");
  assert.equal(db.state.mails.length, 3);
});
