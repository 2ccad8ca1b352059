// Fakes: a clock, a WebSocket, an HTTP server, locks and channels, all controlled by the test.

/** Time passes only when the test says so. */
export class FakeClock {
  now = 0;
  #timers = new Map();
  #next = 1;

  /** Like browsers, which store delays in 31 bits. */
  setTimeout(call, ms) {
    const id = this.#next++;
    if (ms > 2 ** 31 - 1) ms = 1;
    this.#timers.set(id, { call, at: this.now + ms });
    return id;
  }

  clearTimeout(id) {
    this.#timers.delete(id);
  }

  /** When the next timer is due, in milliseconds from now. */
  get nextIn() {
    return Math.min(...[...this.#timers.values()].map(({ at }) => at - this.now));
  }

  get pending() {
    return this.#timers.size;
  }

  /** The browser suspends all timers. */
  holdBack() {
    this.#timers.clear();
  }

  /** Advances time by `ms` milliseconds; fires due timers in order and settles promises after each. */
  async pass(ms) {
    const end = this.now + ms;
    await settled();
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end).sort(([a, x], [b, y]) => x.at - y.at || a - b)[0];
      if (!due) break;
      this.#timers.delete(due[0]);
      this.now = Math.max(this.now, due[1].at);
      due[1].call();
      await settled();
    }
    this.now = end;
  }
}

/** Waits until all pending promise callbacks have run. */
export async function settled() {
  for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
}

/** Opened by the code under test, driven by the test. */
export class FakeSocket {
  static all = [];
  readyState = 0;
  sent = [];
  onmessage = null;
  onclose = null;
  closedByClient = false;

  constructor(url, protocols) {
    this.url = new URL(url);
    this.protocols = protocols;
    this.constructor.all.push(this);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.closedByClient = true;
    this.readyState = 3;
  }

  /** The server sends a frame. */
  say(...frames) {
    this.readyState = 1;
    for (const frame of frames) this.onmessage?.({ data: JSON.stringify(frame) });
  }

  /** The server closes the connection. */
  drop(code = 1006, reason = "") {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }
}

/** Answers each request with a function of the test. */
export function fakeFetch(handler) {
  const calls = [];
  const fetch = async (url, init) => {
    const call = { ...init, url: new URL(url), body: init.body && JSON.parse(init.body) };
    calls.push(call);
    const answer = await handler(call, calls.length);
    if (answer instanceof Error) throw answer;
    const { status = 200, body, headers = {} } = answer;
    return new Response(status === 204 ? null : JSON.stringify(body ?? {}), { status, headers });
  };
  return { fetch, calls };
}

/** The exclusive locks of one browser, with stealing. */
export class FakeLocks {
  #held = new Map();
  #queues = new Map();

  request(name, options, callback) {
    return new Promise((resolve, reject) => {
      const request = { callback, resolve, reject };
      const queue = this.#queues.get(name) ?? [];
      this.#queues.set(name, queue);
      options.signal?.addEventListener("abort", () => {
        const at = queue.indexOf(request);
        if (at >= 0) {
          queue.splice(at, 1);
          reject(new Error("aborted"));
        }
      });
      if (options.steal) {
        this.#held.get(name)?.reject(new Error("stolen"));
        this.#held.delete(name);
        queue.unshift(request);
      } else {
        queue.push(request);
      }
      queueMicrotask(() => this.#grant(name));
    });
  }

  async #grant(name) {
    if (this.#held.has(name)) return;
    const request = this.#queues.get(name)?.shift();
    if (!request) return;
    this.#held.set(name, request);
    request.resolve(await request.callback({ name }));
    if (this.#held.get(name) === request) {
      this.#held.delete(name);
      this.#grant(name);
    }
  }
}

/** The channels of one browser. A frozen one queues its messages until it is thawed. */
export function fakeChannels() {
  const all = new Set();
  return class FakeChannel {
    onmessage = null;
    frozen = false;
    /** Messages to drop. */
    lose = 0;
    backlog = [];
    static all = all;

    constructor(name) {
      this.name = name;
      all.add(this);
    }

    postMessage(message) {
      const copy = structuredClone(message);
      for (const other of all) {
        if (other === this || other.name !== this.name) continue;
        queueMicrotask(() => other.receive(copy));
      }
    }

    receive(data) {
      if (this.lose > 0) this.lose -= 1;
      else if (this.frozen) this.backlog.push(data);
      else this.onmessage?.({ data });
    }

    close() {
      all.delete(this);
    }
  };
}

/** A fake `Env`. */
export function fakeEnv({ clock = new FakeClock(), handler = () => ({ status: 404 }), random = () => 0.5, tabs } = {}) {
  const sockets = class extends FakeSocket {
    static all = [];
  };
  const { fetch, calls } = fakeFetch(handler);
  let ids = 0;
  let wake = () => {};
  const world = { clock, sockets: sockets.all, calls, online: true, visible: true, timersHeld: false, warned: [], wake: () => wake() };
  world.env = {
    now: () => clock.now,
    wallNow: () => 1_700_000_000_000 + clock.now,
    setTimeout: (call, ms) => (world.timersHeld ? 0 : clock.setTimeout(call, ms)),
    clearTimeout: (id) => clock.clearTimeout(id),
    random,
    newId: () => `${tabs?.prefix ?? ""}id-${(ids += 1)}`,
    fetch,
    WebSocket: sockets,
    warn: (message, cause) => world.warned.push([message, cause]),
    isOnline: () => world.online,
    isVisible: () => world.visible,
    onWake: (call) => {
      wake = call;
      return () => (wake = () => {});
    },
    locks: tabs?.locks,
    BroadcastChannel: tabs?.Channel,
  };
  return world;
}

// ---- Messages ----

export const ADA = "00000000-0000-4000-8000-00000000000a";
export const BOB = "00000000-0000-4000-8000-00000000000b";

/** A token with a readable subject. */
export const tokenOf = (userId, serial = 1) => `h.${btoa(JSON.stringify({ sub: userId }))}.s${serial}`.replaceAll("=", "");

export const groupId = (number) => `01900000-0000-7000-8000-${String(number).padStart(12, "0")}`;

/** A group body at a version. */
export function body(number, { version = 1, name = `Group ${number}`, members = 1, admin = ADA, description = "" } = {}) {
  return {
    group_id: groupId(number),
    name,
    description,
    admin_id: admin,
    member_count: members,
    join_policy: "closed",
    version,
    created_at: "2026-01-01T00:00:00.000Z",
    updated_at: "2026-01-01T00:00:00.000Z",
  };
}

export const group = (number, options = {}) => ({ ...body(number, options), role: options.role ?? "owner" });

/** What people see who are not members. */
export const preview = (number, { name = `Group ${number}`, policy = "closed" } = {}) => ({
  group_id: groupId(number),
  name,
  description: "",
  member_count: 1,
  join_policy: policy,
});

export const invitation = (number, { version = 1, role = "member", by = ADA, expires = null, ...options } = {}) => ({
  group: preview(number, options),
  role,
  invited_by: by,
  at: "2026-01-01T00:00:00.000Z",
  expires_at: expires,
  version,
});

export const joinRequest = (number, { version = 1, message, ...options } = {}) => ({
  group: preview(number, options),
  ...(message === undefined ? {} : { message }),
  at: "2026-01-01T00:00:00.000Z",
  version,
});

const base = (type, number, version) => ({
  type,
  group_id: groupId(number),
  version,
  cursor: `c-${number}-${version}`,
  at: "2026-01-01T00:00:00.000Z",
  actor_id: ADA,
});

export const events = {
  created: (number, options = {}) => {
    const group = body(number, options);
    const { name, description, admin_id } = group;
    return { ...base("group_created", number, group.version), name, description, admin_id, role: "owner", group };
  },
  added: (number, version, { role = "member", ...options } = {}) => {
    const group = body(number, { version, ...options });
    return { ...base("added_to_group", number, version), group_name: group.name, added_by: ADA, role, group };
  },
  updated: (number, version, { action = { action: "settings_changed" }, ...options } = {}) => ({
    ...base("group_updated", number, version),
    ...action,
    group: body(number, { version, ...options }),
  }),
  role: (number, version, role, options = {}) => {
    const group = body(number, { version, ...options });
    return { ...base("role_changed", number, version), group_name: group.name, role, previous_role: "member", changed_by: ADA, group };
  },
  removed: (number, version, reason = "removed") => ({
    ...base("removed_from_group", number, version),
    group_name: `Group ${number}`,
    removed_by: ADA,
    reason,
  }),
  deleted: (number, version) => ({ ...base("group_deleted", number, version), group_name: `Group ${number}`, deleted_by: ADA }),
  invited: (number, version, options = {}) => {
    const { group, role, invited_by, expires_at } = invitation(number, options);
    return { ...base("invited_to_group", number, version), group, role, invited_by, expires_at };
  },
  invitationEnded: (number, version, reason = "withdrawn") => ({ ...base("invitation_ended", number, version), group_name: `Group ${number}`, reason }),
  asked: (number, version, { message, ...options } = {}) => ({
    ...base("join_requested", number, version),
    group: preview(number, options),
    ...(message === undefined ? {} : { message }),
  }),
  requestEnded: (number, version, reason = "declined") => ({ ...base("join_request_ended", number, version), group_name: `Group ${number}`, reason }),
};

export const welcome = (resumed = false, userId = ADA) => ({
  type: "welcome",
  user_id: userId,
  connection_id: "00000000-0000-4000-8000-0000000000cc",
  resumed,
  heartbeat_seconds: 25,
});
export const snapshot = (groups, cursor = "c-0", more = false, { invitations = [], requests = [] } = {}) => ({
  type: "snapshot",
  groups,
  ...(more ? {} : { invitations, requests }),
  more,
  cursor,
});
export const ready = (cursor = "c-0") => ({ type: "ready", cursor });
