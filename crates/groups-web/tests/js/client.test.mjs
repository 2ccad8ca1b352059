// The client against a fake server: connecting, resuming, gaps, close codes, heartbeat.
import assert from "node:assert/strict";
import { test } from "node:test";

import { GroupsClient } from "../../assets/groups-client.js";
import { ADA, events, fakeEnv, group, groupId, ready, settled, snapshot, tokenOf, welcome } from "./fakes.mjs";

/** Ada's client, not connected yet, and its fake environment. */
function start(options = {}) {
  const world = fakeEnv(options);
  const asked = [];
  const getToken = options.getToken ?? (({ expired }) => (asked.push(expired), tokenOf(ADA, asked.length)));
  const client = new GroupsClient({ url: "https://groups.example/app", getToken, tabs: false, transports: options.transports, env: world.env });
  const states = [];
  client.on("state", ({ state }) => states.at(-1) !== state && states.push(state));
  return { ...world, world, client, asked, states, socket: () => world.sockets.at(-1) };
}

/** Ada's client, live with these groups. */
async function live(groups = [], options = {}) {
  const at = start(options);
  at.client.connect();
  await settled();
  at.socket().say(welcome(), snapshot(groups), ready());
  return at;
}

const names = (client) => client.groups.map(({ name }) => name);
const me401 = (call) => (call.url.pathname.endsWith("/v1/me") ? { status: 401, body: { code: "unauthenticated" } } : { status: 404 });

test("it connects below the server URL, with the token as a subprotocol", async () => {
  const { client, socket } = start();
  client.connect();
  await settled();
  assert.equal(socket().url.href, "wss://groups.example/app/v1/ws");
  assert.deepEqual(socket().protocols, ["groups.v1", `bearer.${tokenOf(ADA, 1)}`]);
});

test("the list appears with the last piece of the snapshot, newest first, and ready makes it live", async () => {
  const { client, socket, states } = start();
  client.connect();
  await settled();
  socket().say(welcome(), snapshot([group(3), group(2)], "c-0", true));
  assert.equal(client.loaded, false);
  socket().say(snapshot([group(1)]), ready());
  assert.deepEqual(names(client), ["Group 3", "Group 2", "Group 1"]);
  assert.deepEqual(states, ["connecting", "live"]);
  assert.equal(client.userId, ADA);
});

test("connecting twice opens one socket", async () => {
  const { client, sockets } = start();
  client.connect();
  client.connect();
  await settled();
  assert.equal(sockets.length, 1);
});

test("an event changes the list and is emitted once; a repeated one does neither", async () => {
  const { client, socket } = await live();
  const told = [];
  let changes = 0;
  client.on("added_to_group", (event) => told.push(event.group_name));
  client.on("change", () => (changes += 1));
  socket().say(events.added(1, 4), events.added(1, 4));
  assert.deepEqual([told, changes, client.group(groupId(1)).role], [["Group 1"], 1, "member"]);
});

test("listeners are removed by off, once, a signal and the function that on returns", async () => {
  const { client, socket } = await live([group(1)]);
  const heard = [];
  const abort = new AbortController();
  const plain = () => heard.push("plain");
  client.on("group_updated", plain);
  client.once("group_updated", () => heard.push("once"));
  client.on("group_updated", () => heard.push("signal"), { signal: abort.signal });
  const off = client.on("group_updated", () => heard.push("returned"));
  socket().say(events.updated(1, 2));
  assert.deepEqual(heard.splice(0), ["plain", "once", "signal", "returned"]);
  client.off("group_updated", plain);
  abort.abort();
  off();
  socket().say(events.updated(1, 3));
  assert.deepEqual(heard, []);
  client.on("group_updated", plain, { signal: abort.signal });
  socket().say(events.updated(1, 4));
  assert.deepEqual(heard, [], "a signal that is already aborted");
});

test("unknown frames of a later contract version are ignored", async () => {
  const { client, socket } = await live([group(1)]);
  socket().say({ type: "confetti", group_id: groupId(1), version: 99 }, events.updated(1, 2, { name: "On" }));
  assert.deepEqual([names(client), client.state], [["On"], "live"]);
});

test("after a loss it resumes with the cursor of the last event", async () => {
  const { client, clock, socket, sockets, states } = await live([group(1)]);
  socket().say(events.updated(1, 2));
  socket().drop();
  assert.equal(client.state, "reconnecting");
  await clock.pass(300);
  assert.equal(sockets.length, 2);
  assert.equal(socket().url.searchParams.get("cursor"), "c-1-2");
  socket().say(welcome(true), events.updated(1, 2), events.updated(1, 3, { name: "Missed" }), ready("c-9"));
  assert.deepEqual(names(client), ["Missed"]);
  assert.deepEqual(states, ["connecting", "live", "reconnecting", "live"]);
});

test("while catching up, the list changes once", async () => {
  const { client, clock, socket } = await live([group(1)]);
  socket().drop();
  await clock.pass(500);
  let changes = 0;
  client.on("change", () => (changes += 1));
  socket().say(welcome(true), ...[2, 3, 4, 5].map((version) => events.updated(1, version)));
  assert.equal(changes, 0);
  socket().say(ready());
  assert.equal(changes, 1);
});

test("after a gap it reads the list again, without the cursor", async () => {
  const { client, clock, socket, sockets } = await live([group(1)]);
  socket().say(events.updated(1, 3, { name: "From the future" }));
  assert.deepEqual(names(client), ["Group 1"]);
  assert.ok(sockets[0].closedByClient);
  await clock.pass(500);
  assert.equal(socket().url.searchParams.get("cursor"), null);
  socket().say(welcome(), snapshot([group(1, { version: 3, name: "Read" })]), ready());
  assert.deepEqual([names(client), client.state], [["Read"], "live"]);
});

test("an incomplete snapshot leaves the list unchanged", async () => {
  const { client, clock, socket } = await live([group(1)]);
  socket().drop();
  await clock.pass(500);
  socket().say(welcome(), snapshot([group(9)], "c-9", true));
  socket().drop();
  assert.deepEqual(names(client), ["Group 1"]);
  await clock.pass(2_000);
  assert.equal(socket().url.searchParams.get("cursor"), "c-0");
});

test("an old socket is ignored", async () => {
  const { client, clock, socket, sockets } = await live([group(1)]);
  const old = socket();
  const speak = old.onmessage;
  old.drop();
  await clock.pass(500);
  speak({ data: JSON.stringify(events.updated(1, 2, { name: "Ghost" })) });
  assert.deepEqual([names(client), sockets.length], [["Group 1"], 2]);
});

test("waits grow with each failure up to the bound, and a stable connection resets them", async () => {
  const waits = [];
  const { client, clock, socket } = await live([], { random: () => 0.999_999, handler: () => new Error("down") });
  client.on("state", ({ retryInMs }) => retryInMs !== undefined && waits.push(retryInMs));
  for (let failure = 0; failure < 9; failure += 1) {
    socket().drop();
    // The request that finds out why the upgrade was refused takes time; then the wait begins.
    while (waits.length === failure) await clock.pass(100);
    await clock.pass(waits.at(-1));
  }
  assert.deepEqual(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  socket().say(welcome(), snapshot([]), ready());
  await clock.pass(10_000);
  waits.length = 0;
  socket().drop();
  await settled();
  assert.deepEqual(waits, [500]);
});

test("a server that accepts and immediately drops connections is not flooded", async () => {
  const waits = [];
  const { client, clock, socket } = await live([], { random: () => 0.999_999, transports: ["websocket"] });
  client.on("state", ({ retryInMs }) => retryInMs !== undefined && waits.push(retryInMs));
  for (let round = 0; round < 5; round += 1) {
    socket().say(welcome(), snapshot([]), ready());
    socket().drop();
    await clock.pass(waits.at(-1));
  }
  assert.deepEqual(waits, [500, 1_000, 2_000, 4_000, 8_000]);
});

test("a restarting server says when to reconnect, and nothing shortens the wait", async () => {
  const { client, clock, socket, sockets, world } = await live();
  socket().drop(1012, '{"retry_ms":[2000,4000]}');
  assert.equal(client.status.retryInMs, 3_000);
  world.wake();
  await clock.pass(2_900);
  assert.equal(sockets.length, 1);
  await clock.pass(200);
  assert.equal(sockets.length, 2);
});

test("a restart without a valid reason leads to ordinary backoff", async () => {
  for (const reason of ["", "restarting", '{"retry_ms":[5]}', '{"retry_ms":[9,1]}', '{"retry_ms":null}']) {
    const { client, socket } = await live();
    socket().drop(1012, reason);
    assert.equal(client.status.retryInMs, 250, reason);
  }
});

test("codes from 4500 to 4999 are final, others are not", async () => {
  for (const [code, state] of [[1001, "reconnecting"], [1009, "reconnecting"], [4001, "reconnecting"], [4002, "reconnecting"], [4499, "reconnecting"], [4500, "offline"], [4501, "offline"], [4502, "offline"], [4999, "offline"]]) {
    const { client, clock, socket, sockets } = await live();
    socket().drop(code);
    assert.equal(client.state, state, String(code));
    await clock.pass(60_000);
    assert.equal(sockets.length > 1, state === "reconnecting", String(code));
    assert.ok(client.status.reason);
  }
});

test("after a final code, connect() reconnects", async () => {
  const { client, socket, sockets } = await live();
  socket().drop(4502);
  client.connect();
  await settled();
  assert.equal(sockets.length, 2);
});

test("an expired token is replaced before it resumes with the cursor", async () => {
  const { asked, socket } = await live();
  socket().drop(4003);
  await settled();
  assert.deepEqual(asked, [false, true]);
  assert.equal(socket().protocols[1], `bearer.${tokenOf(ADA, 2)}`);
  assert.equal(socket().url.searchParams.get("cursor"), "c-0");
});

const expiring = { type: "token_expiring", expires_at: "2026-11-22T23:14:15.123Z" };

test("a connection whose token expires soon continues with a new one", async () => {
  const { asked, client, socket, sockets } = await live();
  const frames = [];
  client.on("frame", ({ frame }) => frames.push(frame.type));
  socket().say(expiring);
  await settled();
  assert.deepEqual(asked, [false, true]);
  assert.deepEqual(socket().sent.at(-1), { type: "authenticate", token: tokenOf(ADA, 2) });
  socket().say({ type: "authenticated", expires_at: "2026-11-22T23:44:15.123Z" });
  assert.deepEqual([sockets.length, client.state], [1, "live"]);
  assert.ok(!frames.includes("authenticate"), "inspectors do not see tokens");
  // The next token is asked for with the current one.
  socket().say(expiring);
  await settled();
  assert.deepEqual(socket().sent.at(-1), { type: "authenticate", token: tokenOf(ADA, 3) });
  socket().drop(4003);
  await settled();
  assert.equal(socket().protocols[1], `bearer.${tokenOf(ADA, 4)}`);
});

test("without a new token the connection goes on until the old one expires", async () => {
  const broken = new Error("no network");
  const long = `${tokenOf(ADA, 2)}${"x".repeat(4_000)}`;
  for (const next of [() => tokenOf(ADA, 1), () => null, () => long, () => { throw broken; }]) {
    let calls = 0;
    const { client, socket, sockets } = await live([], { getToken: () => (calls++ === 0 ? tokenOf(ADA, 1) : next()) });
    socket().say(expiring);
    await settled();
    assert.deepEqual([sockets.length, client.state], [1, "live"]);
    assert.deepEqual(socket().sent, []);
  }
});

test("a new token of another user opens a new connection", async () => {
  const tokens = [tokenOf(ADA, 1), tokenOf("00000000-0000-0000-0000-000000000b0b", 1)];
  const { socket, sockets } = await live([], { getToken: () => tokens.shift() });
  socket().say(expiring);
  await settled();
  assert.equal(sockets.length, 2);
  assert.deepEqual(sockets[0].sent, []);
  assert.ok(sockets[0].closedByClient);
});

test("a new token that has also expired is not renewed again immediately", async () => {
  const { asked, socket, client } = await live();
  socket().drop(4003);
  await settled();
  socket().drop(4003);
  await settled();
  assert.deepEqual([asked.length, client.state], [2, "reconnecting"]);
});

test("without a token the state is signed-out", async () => {
  const { client, sockets, states } = start({ getToken: () => null });
  client.connect();
  await settled();
  assert.deepEqual([states, sockets.length], [["connecting", "signed-out"], 0]);
});

test("a refused upgrade is investigated: first a new token, then signed-out", async () => {
  const { client, clock, asked, sockets, socket } = start({ handler: me401 });
  client.connect();
  await settled();
  socket().drop();
  await clock.pass(1_900);
  assert.deepEqual([client.state, asked], ["reconnecting", [false, true]]);
  await clock.pass(100);
  assert.deepEqual([client.state, asked, sockets.length], ["signed-out", [false, true], 1]);
  assert.equal(client.status.cause.status, 401);
});

test("a token that becomes valid a second later does not sign out", async () => {
  const { client, clock, socket } = start({ handler: (call) => (clock.now < 1_500 ? me401(call) : { body: { user_id: ADA } }) });
  client.connect();
  await settled();
  for (let turn = 0; turn < 6 && client.state !== "live"; turn += 1) {
    if (clock.now < 1_500) socket().drop();
    else socket().say(welcome(), snapshot([]), ready());
    await clock.pass(1_000);
  }
  assert.equal(client.state, "live");
});

test("after a refused upgrade, a valid new token is used", async () => {
  const good = `Bearer ${tokenOf(ADA, 2)}`;
  const { client, clock, socket } = start({ handler: (call) => (call.headers.Authorization === good ? { body: { user_id: ADA } } : me401(call)) });
  client.connect();
  await settled();
  socket().drop();
  await clock.pass(1_000);
  assert.equal(socket().protocols[1], `bearer.${tokenOf(ADA, 2)}`);
  assert.equal(client.state, "reconnecting");
});

test("Retry-After of a busy server is respected", async () => {
  const { client, clock, socket } = start({ handler: () => ({ status: 503, headers: { "Retry-After": "20" }, body: { code: "unavailable" } }) });
  client.connect();
  await settled();
  socket().drop();
  await clock.pass(0);
  assert.ok(client.status.retryInMs >= 20_000, String(client.status.retryInMs));
});

test("a Retry-After of months does not overflow the timer", async () => {
  for (const [status, after] of [[503, "99999999999"], [429, "2147484"], [503, "9".repeat(400)]]) {
    const { client, clock, socket, sockets } = start({ handler: () => ({ status, headers: { "Retry-After": after }, body: { code: "unavailable" } }) });
    client.connect();
    await settled();
    socket().drop();
    await clock.pass(60_000);
    assert.deepEqual([sockets.length, client.status.retryInMs], [1, 2 ** 31 - 1]);
  }
  const { client, clock, socket, sockets } = await live();
  socket().drop(1012, '{"retry_ms":[1e12,1e300]}');
  await clock.pass(60_000);
  assert.deepEqual([sockets.length, client.status.retryInMs], [1, 2 ** 31 - 1]);
});

test("an upgrade that is refused with a valid token is retried with backoff", async () => {
  const waits = [];
  const { client, clock, socket, sockets } = start({ random: () => 0.999_999, handler: () => ({ body: { user_id: ADA } }), transports: ["websocket"] });
  client.on("state", ({ retryInMs }) => retryInMs !== undefined && waits.push(retryInMs));
  client.connect();
  await settled();
  for (let refusal = 0; refusal < 8; refusal += 1) {
    socket().drop();
    await clock.pass(0);
    assert.equal(client.state, "reconnecting");
    await clock.pass(waits.at(-1));
  }
  assert.deepEqual([waits, sockets.length], [[500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000], 9]);
});

test("after too many connections it retries when Retry-After says", async () => {
  const { client, clock, socket, sockets } = start({ handler: () => ({ status: 429, headers: { "Retry-After": "20" }, body: { code: "rate_limited" } }) });
  client.connect();
  await settled();
  socket().drop();
  await clock.pass(19_000);
  assert.deepEqual([client.state, sockets.length, client.status.cause.code], ["reconnecting", 1, "rate_limited"]);
  await clock.pass(12_000);
  assert.equal(sockets.length, 2);
});

test("an exception in getToken is in the status and logged once", async () => {
  const broken = new Error("no session");
  for (const getToken of [() => { throw broken; }, () => Promise.reject(broken)]) {
    const { client, clock, warned } = start({ getToken });
    client.connect();
    await clock.pass(10_000);
    assert.deepEqual([client.state, client.status.cause, warned.length], ["reconnecting", broken, 1]);
    assert.ok(client.status.reason.includes("getToken"));
    assert.equal(warned[0][1], broken);
    client.close();
  }
  const { client, clock } = start({ getToken: () => ({ token: "x" }) });
  client.connect();
  await clock.pass(100);
  assert.ok(client.status.cause instanceof TypeError && /string/.test(client.status.cause.message));
});

test("a getToken that fails is called again later", async () => {
  let calls = 0;
  const { client, clock, sockets } = start({
    getToken: () => {
      calls += 1;
      if (calls < 3) throw new Error("no network");
      return tokenOf(ADA);
    },
  });
  client.connect();
  await clock.pass(5_000);
  assert.deepEqual([calls, sockets.length], [3, 1]);
});

test("each reason why a socket cannot be created has its own message", async () => {
  const throwing = (name, message = "refused") =>
    class {
      constructor() {
        throw new DOMException(message, name);
      }
    };
  for (const [WebSocket, token, state, reason] of [
    [throwing("SyntaxError"), "with spaces", "signed-out", /token is malformed/],
    [throwing("SyntaxError"), tokenOf(ADA), "offline", /not a valid WebSocket URL/],
    [throwing("SecurityError"), tokenOf(ADA), "offline", /https:/],
    [throwing("QuotaExceededError", "enough"), tokenOf(ADA), "offline", /enough/],
    [undefined, tokenOf(ADA), "offline", /Node\.js 22/],
  ]) {
    const { env, warned } = fakeEnv();
    const client = new GroupsClient({ url: "https://groups.example/", getToken: () => token, tabs: false, transports: ["websocket"], env: { ...env, WebSocket } });
    client.connect();
    await settled();
    assert.deepEqual([client.state, client.status.final], [state, true]);
    assert.match(client.status.reason, reason);
    assert.ok(client.status.cause instanceof Error);
    assert.deepEqual([warned.length, warned[0][1]], [1, client.status.cause]);
  }
});

test("a token can end with white space, like a file", async () => {
  const { client, socket } = start({ getToken: () => `${tokenOf(ADA)}\n` });
  client.connect();
  await settled();
  assert.equal(socket().protocols[1], `bearer.${tokenOf(ADA)}`);
});

test("the constructor rejects invalid options by name", () => {
  const getToken = () => null;
  const url = "https://groups.example/";
  for (const [options, says] of [
    [undefined, /options object/],
    [null, /options object/],
    [{ url }, /getToken/],
    [{ url, getToken: "a token" }, /getToken.*function.*string/],
    [{ url, getToken, token: "x" }, /"token".*getToken, url, tabs, transports, env/],
    [{ url, getToken, tabs: "no" }, /tabs/],
    [{ url, getToken, env: null }, /env/],
    [{ url, getToken, transports: [] }, /transports.*websocket, sse, polling/],
    [{ url, getToken, transports: ["carrier"] }, /transports/],
    [{ url: 7, getToken }, /url/],
    [{ url: "/groups", getToken }, /url/],
    [{ url: "wss://groups.example", getToken }, /url.*https:/],
    [{ url: "file:///groups", getToken }, /url.*https:/],
    [{ getToken }, /url/],
  ]) {
    assert.throws(() => new GroupsClient(options), (error) => error instanceof TypeError && says.test(error.message), JSON.stringify(options));
  }
  assert.ok(new GroupsClient({ url: new URL(url), getToken, tabs: undefined }));
});

test("without a network the state is offline, and it still retries", async () => {
  const { client, clock, socket, sockets, world } = await live();
  world.online = false;
  socket().drop();
  assert.equal(client.state, "offline");
  await clock.pass(1_000);
  assert.equal(sockets.length, 2);
});

test("a returning network or a visible page triggers the next attempt", async () => {
  const { client, clock, socket, sockets, world } = await live([], { handler: () => new Error("down") });
  for (let failure = 0; failure < 6; failure += 1) {
    socket().drop();
    await clock.pass(20_000);
  }
  socket().drop();
  await clock.pass(4_000);
  const before = sockets.length;
  assert.ok(client.status.retryInMs > 4_000);
  world.wake();
  await settled();
  assert.equal(sockets.length, before + 1);
});

test("a silent connection is pinged after a heartbeat, and closed without an answer", async () => {
  const { client, clock, socket } = await live();
  await clock.pass(25_000);
  assert.deepEqual(socket().sent, [{ type: "ping" }]);
  socket().say({ type: "pong" });
  await clock.pass(25_000);
  assert.equal(socket().sent.length, 2);
  assert.equal(client.state, "live");
  const silent = socket();
  await clock.pass(8_000);
  assert.ok(silent.closedByClient);
  assert.equal(client.state, "reconnecting");
});

test("a page that becomes visible pings the server", async () => {
  const { clock, socket, sockets, world } = await live();
  world.wake();
  assert.deepEqual(socket().sent, [{ type: "ping" }]);
  await clock.pass(9_000);
  assert.equal(sockets.length, 2);
});

test("a server that accepts and stays silent times out", async () => {
  const { client, clock, sockets } = start({ handler: () => new Error("down") });
  client.connect();
  await clock.pass(16_000);
  assert.ok(sockets[0].closedByClient);
});

test("close ends everything, and connect resumes", async () => {
  const { client, clock, socket, sockets } = await live([group(1)]);
  client.close();
  assert.ok(socket().closedByClient);
  assert.deepEqual([client.state, clock.pending, names(client)], ["offline", 0, ["Group 1"]]);
  await clock.pass(100_000);
  assert.equal(sockets.length, 1);
  client.connect();
  await settled();
  assert.equal(socket().url.searchParams.get("cursor"), "c-0");
});

test("close during getToken opens no connection", async () => {
  let give;
  const { client, sockets } = start({ getToken: () => new Promise((resolve) => (give = resolve)) });
  client.connect();
  client.close();
  give(tokenOf(ADA));
  await settled();
  assert.deepEqual([sockets.length, client.state], [0, "offline"]);
});

test("cut drops the connection and reconnects after the given time", async () => {
  const { client, clock, socket, sockets } = await live();
  client.cut(4_000);
  assert.deepEqual([client.state, client.status.retryInMs, socket().closedByClient], ["reconnecting", 4_000, true]);
  await clock.pass(4_000);
  assert.equal(sockets.length, 2);
});

test("typing is throttled, and its end is sent once", async () => {
  const { client, clock, socket } = await live([group(1)]);
  const id = groupId(1);
  client.setTyping(id, false);
  for (let key = 0; key < 10; key += 1) {
    client.setTyping(id, true);
    await clock.pass(500);
  }
  client.setTyping(id, false);
  client.setTyping(id, false);
  assert.deepEqual(socket().sent.map(({ typing }) => typing), [true, true, false]);
});

test("typing indicators expire, and end when the group is left", async () => {
  const { client, clock, socket } = await live([group(1), group(2)]);
  const typing = (number, user_id) => ({ type: "typing", group_id: groupId(number), user_id, typing: true, expires_in_seconds: 5 });
  socket().say(typing(1, "b"), typing(1, "c"), typing(2, "b"));
  assert.deepEqual(client.typists(groupId(1)), ["b", "c"]);
  socket().say({ ...typing(1, "c"), typing: false });
  assert.deepEqual(client.typists(groupId(1)), ["b"]);
  socket().say(events.removed(2, 2));
  assert.deepEqual(client.typists(groupId(2)), []);
  await clock.pass(5_000);
  assert.deepEqual(client.typists(groupId(1)), []);
});

test("the typing indicator of a removed member ends, with an event", async () => {
  const { client, clock, socket } = await live([group(1), group(2)]);
  const typing = (number, user_id) => ({ type: "typing", group_id: groupId(number), user_id, typing: true, expires_in_seconds: 5 });
  const told = [];
  client.on("typing", (event) => told.push([event.group_id, event.user_id, event.typing]));
  socket().say(typing(1, "b"), typing(1, "c"), typing(1, "d"), typing(2, "b"));
  told.length = 0;
  socket().say(events.updated(1, 2, { action: { action: "member_removed", user_id: "b" } }));
  socket().say(events.updated(1, 3, { action: { action: "member_left", user_id: "c" } }));
  assert.deepEqual([client.typists(groupId(1)), client.typists(groupId(2))], [["d"], ["b"]]);
  socket().say(events.deleted(2, 2), typing(2, "e"));
  assert.deepEqual(told, [[groupId(1), "b", false], [groupId(1), "c", false], [groupId(2), "b", false]]);
  assert.deepEqual(client.typists(groupId(2)), [], "of a group that one is not in nothing is believed");
  socket().drop();
  await clock.pass(500);
  socket().say(welcome(), snapshot([group(1, { version: 9 })]), ready());
  assert.deepEqual(client.typists(groupId(1)), [], "who left meanwhile is not told");
});

test("retry reconnects immediately, also after it has stopped trying", async () => {
  const { client, clock, socket, sockets } = await live([], { random: () => 0.999_999 });
  socket().drop();
  client.retry();
  await settled();
  assert.equal(sockets.length, 2);
  socket().say(welcome(true), ready());
  socket().drop(4502);
  assert.equal(client.state, "offline");
  client.retry();
  await clock.pass(0);
  assert.equal(sockets.length, 3);
});

test("an unchanged state is not emitted twice", async () => {
  const { client, socket } = start();
  const told = [];
  client.on("state", ({ state }) => told.push(state));
  client.connect();
  await settled();
  socket().say(welcome(), snapshot([]), ready());
  assert.deepEqual(told, ["connecting", "live"]);
});

test("a second check does not extend the timeout of a silent connection", async () => {
  const { client, clock, socket, world } = await live();
  const first = socket();
  for (let seconds = 0; seconds < 8; seconds += 4) {
    world.wake();
    await clock.pass(4_000);
  }
  assert.deepEqual(first.sent, [{ type: "ping" }]);
  assert.deepEqual([first.closedByClient, client.state], [true, "reconnecting"]);
});

test("a returning network interrupts the investigation of a refused upgrade", async () => {
  const { client, clock, sockets, socket, world } = await live([], { handler: () => new Promise(() => {}) });
  socket().drop();
  await clock.pass(500);
  socket().drop();
  await settled();
  assert.equal(sockets.length, 2);
  world.wake();
  await settled();
  assert.equal(sockets.length, 3);
  socket().say(welcome(true), ready());
  await clock.pass(20_000);
  assert.deepEqual([sockets.length, client.state], [3, "live"]);
});

test("the wait that the server asked for ends on time", async () => {
  const { clock, sockets, socket, world } = await live();
  socket().drop(1012, '{"retry_ms":[1000,1000]}');
  // A hidden page: its timers are throttled.
  world.clock.holdBack();
  clock.now += 900;
  world.wake();
  await settled();
  assert.equal(sockets.length, 1);
  clock.now += 100;
  world.wake();
  await settled();
  assert.equal(sockets.length, 2);
});
