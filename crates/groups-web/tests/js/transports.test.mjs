// The client where WebSockets are blocked: server-sent events, polling, and back to the socket.
import assert from "node:assert/strict";
import { test } from "node:test";

import { GroupsClient } from "../../assets/groups-client.js";
import { ADA, BOB, events, fakeEnv, group, ready, settled, snapshot, tokenOf, welcome } from "./fakes.mjs";

const json = (body, status = 200) => new Response(JSON.stringify(body), { status });

/** A client whose requests for events are answered by `answer`, and all others with success. */
function start(answer, options = {}) {
  const world = fakeEnv();
  const asked = [];
  world.env.fetch = async (url, init) => {
    const call = { ...init, url: new URL(url) };
    asked.push(call);
    return call.url.pathname.endsWith("/v1/events") ? answer(call) : json({ user_id: ADA });
  };
  const client = new GroupsClient({ url: "https://groups.example/", getToken: () => tokenOf(ADA), tabs: false, env: world.env, ...options });
  return { ...world, client, asked };
}

/** A response that the test writes to, and that breaks when the client cancels it. */
function stream(signal) {
  let controller;
  const body = new ReadableStream({ start: (given) => (controller = given) });
  signal.addEventListener("abort", () => controller.error(new Error("aborted")));
  const say = (...frames) => frames.forEach((frame) => controller.enqueue(new TextEncoder().encode(`event: ${frame.type}\ndata: ${JSON.stringify(frame)}\n\n`)));
  return { response: new Response(body, { headers: { "content-type": "text/event-stream" } }), say };
}

/** Two sockets in a row do not open. */
async function block({ client, clock, sockets }) {
  client.connect();
  for (let attempt = 0; attempt < 2; attempt += 1) {
    await settled();
    sockets.at(-1).drop();
    await settled();
    await clock.pass(1_000);
  }
}

const names = (client) => client.groups.map(({ name }) => name);

test("after two sockets that do not open, events arrive by a stream with the token in a header", async () => {
  let open;
  const at = start(({ signal }) => (open = stream(signal)).response);
  await block(at);
  open.say(welcome(), snapshot([group(1)]), ready(), events.created(2));
  await settled();
  assert.deepEqual(names(at.client), ["Group 2", "Group 1"]);
  assert.equal(at.client.status.transport, "sse");
  assert.equal(at.asked.at(-1).headers.authorization, `Bearer ${tokenOf(ADA)}`);
  at.client.close();
});

test("a server that is down is no reason to fall back", async () => {
  const at = start(() => json({}));
  at.env.fetch = async () => {
    throw new TypeError("down");
  };
  const client = new GroupsClient({ url: "https://groups.example/", getToken: () => tokenOf(ADA), tabs: false, env: at.env });
  client.connect();
  for (let attempt = 0; attempt < 4; attempt += 1) {
    await settled();
    at.sockets.at(-1).drop();
    await at.clock.pass(60_000);
  }
  assert.ok(at.sockets.length >= 4);
  client.close();
});

test("a stream that delivers nothing is replaced by polling", async () => {
  let polls = 0;
  const at = start(({ headers, signal }) => {
    if (headers.accept === "text/event-stream") return stream(signal).response;
    polls += 1;
    if (polls === 1) return json({ resumed: false, groups: [group(1)], invitations: [], requests: [], events: [], cursor: "c-0" });
    if (polls === 2) return json({ resumed: true, events: [events.created(2)], cursor: "c-2-1" });
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
  });
  await block(at);
  await at.clock.pass(25_000);
  assert.deepEqual(names(at.client), ["Group 2", "Group 1"]);
  assert.equal(at.client.status.transport, "polling");
  assert.equal(at.asked.at(-1).url.searchParams.get("cursor"), "c-2-1");
  assert.equal(at.asked.at(-1).url.searchParams.get("wait"), "30");
  at.client.close();
  assert.equal(at.asked.at(-1).signal.aborted, true);
});

test("a socket that opens again takes over with the cursor", async () => {
  let open;
  const at = start(({ signal }) => (open = stream(signal)).response);
  await block(at);
  open.say({ ...welcome(), heartbeat_seconds: 1_000 }, snapshot([group(1)]), ready());
  await at.clock.pass(300_000);
  const trial = at.sockets.at(-1);
  trial.say(welcome());
  await settled();
  assert.notEqual(at.sockets.at(-1), trial);
  assert.equal(trial.closedByClient, true);
  assert.ok(at.sockets.at(-1).url.searchParams.get("cursor"));
  at.client.close();
});

test("a client without WebSocket uses a stream at once", async () => {
  let open;
  const at = start(({ signal }) => (open = stream(signal)).response);
  at.client.close();
  const client = new GroupsClient({ url: "https://groups.example/", getToken: () => tokenOf(ADA), tabs: false, env: { ...at.env, WebSocket: undefined } });
  client.connect();
  await settled();
  open.say(welcome(), snapshot([group(1)]), ready());
  await settled();
  assert.deepEqual([client.status.state, client.status.transport], ["live", "sse"]);
  client.close();
});

test("a stream that is closed for good is not opened again", async () => {
  let open;
  const at = start(({ signal }) => (open = stream(signal)).response);
  await block(at);
  open.say(welcome(), snapshot([group(1)]), ready(), { type: "close", code: 4500, reason: "" });
  await settled();
  assert.deepEqual([at.client.status.state, at.client.status.final], ["offline", true]);
});

test("a stream of a server that restarts is opened again after the wait that it names", async () => {
  let open;
  const at = start(({ signal }) => (open = stream(signal)).response);
  await block(at);
  open.say(welcome(), snapshot([group(1)]), ready(), { type: "close", code: 1012, reason: '{"retry_ms":[2000,2000]}' });
  await settled();
  assert.equal(at.client.status.retryInMs, 2_000);
  const before = at.asked.length;
  await at.clock.pass(2_000);
  assert.equal(at.asked.length, before + 1);
  at.client.close();
});

test("a server that answers early with nothing is not asked in a loop", async () => {
  let polls = 0;
  const at = start(() => {
    polls += 1;
    if (polls === 1) return json({ resumed: false, groups: [], invitations: [], requests: [], events: [], cursor: "c-0" });
    return json({ resumed: true, events: [], cursor: "c-0" });
  }, { transports: ["polling"] });
  at.client.connect();
  await settled();
  assert.equal(polls, 2);
  at.client.close();
});

test("a stream whose token has expired is opened once more with a new token", async () => {
  let open;
  const tokens = [tokenOf(ADA), tokenOf(ADA, { jti: "2" })];
  const at = start(({ signal }) => (open = stream(signal)).response, { transports: ["sse"], getToken: () => tokens.shift() ?? tokenOf(ADA, { jti: "3" }) });
  at.client.connect();
  await settled();
  const first = at.asked.at(-1);
  open.say(welcome(), snapshot([group(1)]), ready(), { type: "close", code: 4003, reason: "token expired" });
  await settled();
  assert.notEqual(at.asked.at(-1), first);
  open.say({ type: "close", code: 4003, reason: "token expired" });
  await settled();
  assert.ok(at.client.status.retryInMs !== undefined, "the second time it backs off");
  at.client.close();
});

test("a refusal of a stream with Retry-After is waited for, and does not lead to polling", async () => {
  for (const status of [429, 503]) {
    const at = start(() => new Response("{}", { status, headers: { "retry-after": "7" } }), { transports: ["sse", "polling"] });
    at.client.connect();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await settled();
      assert.ok(at.client.status.retryInMs >= 7_000, `${status}`);
      await at.clock.pass(12_000);
    }
    assert.ok(at.asked.every(({ headers }) => headers.accept === "text/event-stream"));
    at.client.close();
  }
});

test("a stream that is refused because of its token does not lead to polling", async () => {
  const at = start(() => json({}, 401), { transports: ["sse", "polling"] });
  at.client.connect();
  for (let attempt = 0; attempt < 4; attempt += 1) {
    await settled();
    await at.clock.pass(30_000);
  }
  const asked = at.asked.filter(({ url }) => url.pathname.endsWith("/events"));
  assert.ok(asked.length >= 3 && asked.every(({ headers }) => headers.accept === "text/event-stream"));
  at.client.close();
});

test("an answer that does not resume replaces the list", async () => {
  let polls = 0;
  const at = start(({ signal }) => {
    polls += 1;
    if (polls < 3) return json({ resumed: false, groups: [group(polls)], invitations: [], requests: [], events: [], cursor: `c-${polls}` });
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
  }, { transports: ["polling"] });
  at.client.connect();
  await settled();
  await settled();
  assert.deepEqual(names(at.client), ["Group 2"]);
  at.client.close();
});

test("a socket that opens and is cut soon, three times in a row, gives way to a stream", async () => {
  let open;
  const at = start(({ signal }) => (open = stream(signal)).response);
  at.client.connect();
  for (let cut = 0; cut < 3; cut += 1) {
    await settled();
    assert.equal(open, undefined);
    at.sockets.at(-1).say(welcome(), snapshot([group(1)]), ready());
    await at.clock.pass(3_000);
    at.sockets.at(-1).drop();
    await at.clock.pass(2_000);
  }
  await settled();
  open.say({ ...welcome(), resumed: true }, events.created(2), ready());
  await settled();
  assert.deepEqual(names(at.client), ["Group 2", "Group 1"]);
  assert.equal(at.client.status.transport, "sse");
  at.client.close();
});

test("a poll names the user, whatever the token says", async () => {
  const at = start(({ signal }) => {
    if (at.asked.length < 3) return json({ user_id: BOB, resumed: false, groups: [group(1)], invitations: [], requests: [], events: [], cursor: "c-0" });
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
  }, { transports: ["polling"] });
  at.client.connect();
  await settled();
  assert.equal(at.client.userId, BOB);
  at.client.close();
});
