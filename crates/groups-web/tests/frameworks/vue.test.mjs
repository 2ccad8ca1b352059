// The Vue bindings with the real runtime of Vue, without a browser: a renderer for plain objects, and the renderer of the server.
import assert from "node:assert/strict";
import { test } from "node:test";

import { GroupsClient } from "groups-web";
import { GroupsSidebar, useGroups, useGroupsClient } from "groups-web/vue";
import { createRenderer, createSSRApp, effectScope, h, nextTick, reactive, ref, shallowRef } from "vue";
import { renderToString } from "vue/server-renderer";

import { ADA, events, fakeEnv, group, groupId, invitation, joinRequest, ready, settled, snapshot, tokenOf, welcome } from "../js/fakes.mjs";

/** Elements are objects with the children, listeners and attributes that Vue gives them. */
const { createApp } = createRenderer({
  createElement: (tag) => ({ tag, children: [], attributes: {} }),
  createText: (text) => ({ text }),
  createComment: () => ({ text: "" }),
  setText: (node, text) => (node.text = text),
  setElementText: (node, text) => (node.children = [{ text }]),
  parentNode: (node) => node.parent,
  nextSibling: (node) => node.parent.children[node.parent.children.indexOf(node) + 1],
  insert(node, parent, before) {
    node.parent = parent;
    parent.children.splice(before ? parent.children.indexOf(before) : parent.children.length, 0, node);
  },
  remove: (node) => node.parent.children.splice(node.parent.children.indexOf(node), 1),
  patchProp: (node, name, _old, value) => (node.attributes[name] = value),
});

const textOf = (node) => node.text ?? node.children.map(textOf).join("");

/** Mounts a component with this `setup`, and returns its first element. */
function mount(setup) {
  const root = { children: [] };
  const app = createApp({ setup });
  app.mount(root);
  return { app, root, text: () => textOf(root), first: () => root.children[0] };
}

function options() {
  const world = fakeEnv();
  const getToken = () => tokenOf(ADA);
  return { ...world, socket: () => world.sockets.at(-1), options: { url: "https://groups.example/", getToken, tabs: false, env: world.env } };
}

test("a client connects when its component is mounted, and closes when it is unmounted", async () => {
  const world = options();
  let client;
  const { app } = mount(() => {
    client = useGroupsClient(world.options);
    assert.equal(client.begun, false);
    return () => h("p");
  });
  await settled();
  assert.equal(world.sockets.length, 1);
  world.socket().say(welcome(), ready());
  assert.equal(client.state, "live");
  app.unmount();
  assert.deepEqual([client.state, world.socket().closedByClient], ["offline", true]);
});

test("the groups and the state are rendered again when they change", async () => {
  const world = options();
  const { text } = mount(() => {
    const { groups, state, loaded } = useGroups(useGroupsClient(world.options));
    return () => h("p", `${state.value} ${loaded.value} ${groups.value.map(({ name }) => name)}`);
  });
  await settled();
  assert.equal(text(), "connecting false ");
  world.socket().say(welcome(), snapshot([group(1)]), ready());
  await nextTick();
  assert.equal(text(), "live true Group 1");
  world.socket().say(events.added(2, 1));
  await nextTick();
  assert.equal(text(), "live true Group 2,Group 1");
  world.socket().drop();
  await settled();
  await nextTick();
  assert.match(text(), /^reconnecting true/u);
});

test("invitations and requests to join are rendered again when they change", async () => {
  const world = options();
  const { text } = mount(() => {
    const { invitations, joinRequests } = useGroups(useGroupsClient(world.options));
    return () => h("p", [invitations, joinRequests].map(({ value }) => value.map(({ group }) => group.name)).join(" / "));
  });
  await settled();
  world.socket().say(welcome(), snapshot([], "c-0", false, { invitations: [invitation(1)], requests: [joinRequest(2)] }), ready());
  await nextTick();
  assert.equal(text(), "Group 1 / Group 2");
  world.socket().say(events.invited(3, 1), events.requestEnded(2, 2));
  await nextTick();
  assert.equal(text(), "Group 3,Group 1 / ");
});

test("the reason and the time of the next attempt are in the status", async () => {
  const world = options();
  let status;
  mount(() => {
    ({ status } = useGroups(useGroupsClient(world.options)));
    return () => h("p");
  });
  await settled();
  world.socket().say(welcome(), snapshot([]), ready());
  world.socket().drop();
  await settled();
  assert.notEqual(status.value.reason, "");
  assert.ok(status.value.retryInMs >= 0);
});

test("a list that is ready without a change is loaded", async () => {
  const world = options();
  let loaded;
  mount(() => {
    ({ loaded } = useGroups(useGroupsClient(world.options)));
    return () => h("p");
  });
  await settled();
  assert.equal(loaded.value, false);
  world.socket().say(welcome(), ready());
  assert.equal(loaded.value, true);
});

test("what happens before the component is mounted is not lost", async () => {
  const world = options();
  const client = new GroupsClient(world.options);
  client.connect();
  await settled();
  const { text } = mount(() => {
    const { groups } = useGroups(client);
    world.socket().say(welcome(), snapshot([group(1)]), ready());
    return () => h("p", String(groups.value.length));
  });
  await nextTick();
  assert.equal(text(), "1");
});

test("a component can change its client, and stops listening to the old one", async () => {
  const [one, two] = [options(), options()];
  const clients = [one, two].map((world) => new GroupsClient(world.options));
  clients.forEach((client) => client.connect());
  await settled();
  one.socket().say(welcome(), snapshot([group(1)]), ready());
  two.socket().say(welcome(), snapshot([group(2), group(3)]), ready());
  const client = shallowRef(clients[0]);
  const { text } = mount(() => {
    const { groups } = useGroups(client);
    return () => h("p", groups.value.map(({ name }) => name).join());
  });
  assert.equal(text(), "Group 1");
  client.value = clients[1];
  await nextTick();
  assert.equal(text(), "Group 3,Group 2");
  one.socket().say(events.added(4, 1));
  await nextTick();
  assert.equal(text(), "Group 3,Group 2");
});

test("outside a component, a client is connected until its scope is disposed", async (context) => {
  globalThis.document = {};
  context.after(() => delete globalThis.document);
  const world = options();
  const scope = effectScope();
  const { groups, state } = scope.run(() => useGroups(useGroupsClient(world.options)));
  await settled();
  world.socket().say(welcome(), snapshot([group(1)]), ready());
  assert.deepEqual([state.value, groups.value.length], ["live", 1]);
  scope.stop();
  assert.equal(world.socket().closedByClient, true);
});

test("outside a component, a client does not connect on the server", async () => {
  const world = options();
  const scope = effectScope();
  const { state } = scope.run(() => useGroups(useGroupsClient(world.options)));
  await settled();
  assert.deepEqual([state.value, world.socket()], ["offline", undefined]);
  scope.stop();
});

test("a store outlives the component that used it first", async () => {
  const world = options();
  const store = effectScope(true);
  let groups;
  const { app } = mount(() => {
    ({ groups } = store.run(() => useGroups(useGroupsClient(world.options))));
    return () => h("p");
  });
  await settled();
  app.unmount();
  world.socket().say(welcome(), snapshot([group(1)]), ready());
  assert.equal(groups.value.length, 1);
  store.stop();
  assert.equal(world.socket().closedByClient, true);
});

test("a client in reactive state is not wrapped in a proxy, which cannot access private fields", async () => {
  const world = options();
  const scope = effectScope();
  const client = scope.run(() => useGroupsClient(world.options));
  assert.equal(reactive({ client }).client, client);
  assert.equal(ref(client).value, client);
  scope.stop();
});

test("on the server, a client does not connect and the element is empty", async () => {
  const world = options();
  const app = createSSRApp({
    setup() {
      const client = useGroupsClient(world.options);
      const { groups, state } = useGroups(client);
      return () => h("div", [`${state.value} ${groups.value.length}`, h(GroupsSidebar, { client, theme: "dark", class: "side" })]);
    },
  });
  const html = await renderToString(app);
  await settled();
  assert.equal(html, '<div>offline 0<groups-sidebar theme="dark" class="side"></groups-sidebar></div>');
  assert.equal(world.sockets.length, 0);
});

test("the component sets the properties of the element that were given, and follows them", async () => {
  const client = new GroupsClient(options().options);
  const props = reactive({ sort: "name", selected: "a" });
  const { first } = mount(() => () => h(GroupsSidebar, { client, theme: "light", ...props }));
  const element = first();
  assert.equal(element.tag, "groups-sidebar");
  assert.equal(element.attributes.theme, "light");
  assert.equal(element.client, client);
  assert.deepEqual([element.sort, element.selected], ["name", "a"]);
  assert.ok(!("filter" in element) && !("texts" in element));
  props.selected = "";
  props.texts = { title: "Gruppen" };
  await nextTick();
  assert.deepEqual([element.selected, element.texts], ["", { title: "Gruppen" }]);
  // The user may have chosen another order since: it stays until the property changes.
  element.sort = "largest";
  props.filter = "team";
  await nextTick();
  assert.deepEqual([element.filter, element.sort], ["team", "largest"]);
});

test("the component passes on the events of the element, and supports v-model for the selected group", async () => {
  const client = new GroupsClient(options().options);
  const told = [];
  const { first } = mount(() => () =>
    h(GroupsSidebar, {
      client,
      onGroupSelected: (detail) => told.push(["selected", detail]),
      onGroupGone: (detail) => told.push(["gone", detail]),
      "onUpdate:selected": (id) => told.push(["update", id]),
    }),
  );
  const { onGroupSelected, onGroupGone } = first().attributes;
  const detail = { group_id: groupId(1), group: group(1) };
  onGroupSelected({ detail });
  onGroupGone({ detail: { group_id: groupId(1) } });
  assert.deepEqual(told, [
    ["update", groupId(1)],
    ["selected", detail],
    ["update", ""],
    ["gone", { group_id: groupId(1) }],
  ]);
});

test("the content of the component is in the element", () => {
  const client = new GroupsClient(options().options);
  const { first } = mount(() => () => h(GroupsSidebar, { client }, () => h("button", { slot: "actions" }, "New group")));
  const [button] = first().children.filter(({ tag }) => tag === "button");
  assert.deepEqual([button.attributes.slot, textOf(button)], ["actions", "New group"]);
});
