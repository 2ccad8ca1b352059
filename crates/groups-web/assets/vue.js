/**
 * Vue bindings: the composables `useGroupsClient` and `useGroups`, and the component `GroupsSidebar`.
 *
 * ```vue
 * <script setup>
 * import { ref } from "vue";
 * import { GroupsSidebar, useGroups, useGroupsClient } from "groups-web/vue";
 *
 * const { getToken } = defineProps(["getToken"]);
 * const client = useGroupsClient({ url: "https://groups.example/", getToken });
 * const { groups, state } = useGroups(client);
 * const open = ref("");
 * </script>
 *
 * <template>
 *   <p>{{ groups.length }} groups, {{ state }}</p>
 *   <GroupsSidebar v-model:selected="open" :client="client" />
 * </template>
 * ```
 *
 * @import { AllowedComponentProps, ComponentCustomProps, ComputedRef, MaybeRefOrGetter, ShallowRef, VNode, VNodeProps } from "vue"
 * @import { ClientOptions } from "./client/options.js"
 * @import { State, Status } from "./client/link.js"
 * @import { ListedGroup } from "./client/pending.js"
 * @import { ListedInvitation } from "./client/waiting.js"
 * @import { GroupsSidebar as Element } from "./groups-sidebar.js"
 * @import { Sort } from "./sidebar/order.js"
 * @import { Texts } from "./sidebar/texts.js"
 * @import { JoinRequest } from "../types/wire.js"
 */

import { computed, defineComponent, getCurrentInstance, getCurrentScope, h, markRaw, onMounted, onScopeDispose, shallowRef, toValue, watch } from "vue";

import { GroupsClient } from "./groups-client.js";
import "./groups-sidebar.js";

/**
 * Returns a client that is connected while the component is mounted. Outside a component, as in a store, it is connected until the
 * scope is disposed. During server-side rendering it does not connect.
 * @param {ClientOptions} options
 * @returns {GroupsClient}
 */
export function useGroupsClient(options) {
  // The proxies of `ref` and `reactive` cannot access private fields.
  const client = markRaw(new GroupsClient(options));
  whenMounted(() => client.connect());
  onScopeDispose(() => client.close());
  return client;
}

/**
 * Returns the groups, the user's invitations and requests to join, and the connection state as refs. The client can be a ref or a getter, such as `() => props.client`.
 * @param {MaybeRefOrGetter<GroupsClient>} client
 * @returns {{ groups: Readonly<ShallowRef<readonly ListedGroup[]>>, invitations: Readonly<ShallowRef<readonly ListedInvitation[]>>, joinRequests: Readonly<ShallowRef<readonly JoinRequest[]>>, state: ComputedRef<State>, status: Readonly<ShallowRef<Readonly<Status>>>, loaded: Readonly<ShallowRef<boolean>> }}
 */
export function useGroups(client) {
  const first = toValue(client);
  const groups = shallowRef(first.groups);
  const invitations = shallowRef(first.invitations);
  const joinRequests = shallowRef(first.joinRequests);
  const loaded = shallowRef(first.loaded);
  const status = shallowRef(first.status);
  const state = computed(() => status.value.state);

  /** @param {GroupsClient} client @param {unknown} _old @param {(stop: () => void) => void} onCleanup */
  const follow = (client, _old, onCleanup) => {
    const onList = () => {
      groups.value = client.groups;
      invitations.value = client.invitations;
      joinRequests.value = client.joinRequests;
      loaded.value = client.loaded;
    };
    const onStatus = () => {
      status.value = client.status;
    };
    const abort = new AbortController();
    const { signal } = abort;
    client.on("change", onList, { signal });
    client.on("ready", onList, { signal });
    client.on("state", onStatus, { signal });
    onCleanup(() => abort.abort());
    onList();
    onStatus();
  };
  const scope = getCurrentScope();
  const start = () => watch(() => toValue(client), follow, { immediate: true });
  whenMounted(() => (scope ? scope.run(start) : start()));
  return { groups, invitations, joinRequests, state, status, loaded };
}

/**
 * @typedef {object} SidebarProps
 * @property {GroupsClient} client
 * @property {string} [selected] The id of the selected group. With `v-model:selected`, it follows the user, and is empty when the group is gone.
 * @property {Sort} [sort]
 * @property {string} [filter]
 * @property {Partial<Texts>} [texts]
 * @property {boolean} [noInvitations] Hides invitations and requests to join.
 * @property {"light" | "dark" | "auto"} [theme]
 */

/**
 * @typedef {object} SidebarEmits
 * @property {(detail: { group_id: string, group: ListedGroup }) => void} [onGroupSelected]
 * @property {(detail: { group_id: string }) => void} [onGroupGone]
 */

/** @typedef {SidebarEmits & { "onUpdate:selected"?: (group_id: string) => void }} SidebarListeners */

/** @typedef {new () => { $props: SidebarProps & SidebarListeners & AllowedComponentProps & ComponentCustomProps & VNodeProps, $slots: { default?: () => VNode[] } }} SidebarComponent */

/** Applied in this order, as properties. */
const PROPERTIES = /** @type {const} */ (["client", "texts", "sort", "filter", "selected", "noInvitations"]);

/**
 * `<groups-sidebar>` as a Vue component. The default slot is the content for the slots of the element, chosen by the `slot` attribute.
 * @type {SidebarComponent}
 */
export const GroupsSidebar = /** @type {any} */ (/* @__PURE__ */ defineComponent({
  name: "GroupsSidebar",
  props: { client: { type: Object, required: true }, texts: Object, sort: String, filter: String, selected: String, noInvitations: Boolean, theme: String },
  emits: ["groupSelected", "groupGone", "update:selected"],
  setup(props, { emit, slots }) {
    const element = shallowRef(/** @type {Element | null} */ (null));
    onMounted(() => {
      for (const name of PROPERTIES) {
        const apply = (/** @type {unknown} */ value) => {
          if (element.value && value !== undefined) /** @type {any} */ (element.value)[name] = value;
        };
        watch(() => props[name], apply, { immediate: true, flush: "post" });
      }
    });
    const onGroupSelected = (/** @type {CustomEvent<{ group_id: string, group: ListedGroup }>} */ { detail }) => {
      emit("update:selected", detail.group_id);
      emit("groupSelected", detail);
    };
    const onGroupGone = (/** @type {CustomEvent<{ group_id: string }>} */ { detail }) => {
      emit("update:selected", "");
      emit("groupGone", detail);
    };
    return () => h("groups-sidebar", { ref: element, theme: props.theme, onGroupSelected, onGroupGone }, slots.default?.());
  },
}));

/** Runs when the component is mounted, so never on the server. Outside a component, runs immediately in a browser. @param {() => unknown} call */
function whenMounted(call) {
  if (getCurrentInstance()) onMounted(() => void call());
  else if (typeof document !== "undefined") call();
}
