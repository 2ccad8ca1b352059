/**
 * Returns a client that is connected while the component is mounted. Outside a component, as in a store, it is connected until the
 * scope is disposed. During server-side rendering it does not connect.
 * @param {ClientOptions} options
 * @returns {GroupsClient}
 */
export function useGroupsClient(options: ClientOptions): GroupsClient;
/**
 * Returns the groups, the user's invitations and requests to join, and the connection state as refs. The client can be a ref or a getter, such as `() => props.client`.
 * @param {MaybeRefOrGetter<GroupsClient>} client
 * @returns {{ groups: Readonly<ShallowRef<readonly ListedGroup[]>>, invitations: Readonly<ShallowRef<readonly ListedInvitation[]>>, joinRequests: Readonly<ShallowRef<readonly JoinRequest[]>>, state: ComputedRef<State>, status: Readonly<ShallowRef<Readonly<Status>>>, loaded: Readonly<ShallowRef<boolean>> }}
 */
export function useGroups(client: MaybeRefOrGetter<GroupsClient>): {
    groups: Readonly<ShallowRef<readonly ListedGroup[]>>;
    invitations: Readonly<ShallowRef<readonly ListedInvitation[]>>;
    joinRequests: Readonly<ShallowRef<readonly JoinRequest[]>>;
    state: ComputedRef<State>;
    status: Readonly<ShallowRef<Readonly<Status>>>;
    loaded: Readonly<ShallowRef<boolean>>;
};
/**
 * `<groups-sidebar>` as a Vue component. The default slot is the content for the slots of the element, chosen by the `slot` attribute.
 * @type {SidebarComponent}
 */
export const GroupsSidebar: SidebarComponent;
export type SidebarProps = {
    client: GroupsClient;
    /**
     * The id of the selected group. With `v-model:selected`, it follows the user, and is empty when the group is gone.
     */
    selected?: string | undefined;
    sort?: Sort | undefined;
    filter?: string | undefined;
    texts?: Partial<Texts> | undefined;
    /**
     * Hides invitations and requests to join.
     */
    noInvitations?: boolean | undefined;
    theme?: "auto" | "dark" | "light" | undefined;
};
export type SidebarEmits = {
    onGroupSelected?: ((detail: {
        group_id: string;
        group: ListedGroup;
    }) => void) | undefined;
    onGroupGone?: ((detail: {
        group_id: string;
    }) => void) | undefined;
};
export type SidebarListeners = SidebarEmits & {
    "onUpdate:selected"?: (group_id: string) => void;
};
export type SidebarComponent = new () => {
    $props: SidebarProps & SidebarListeners & AllowedComponentProps & ComponentCustomProps & VNodeProps;
    $slots: {
        default?: () => VNode[];
    };
};
import type { ClientOptions } from "./client/options.js";
import { GroupsClient } from "./groups-client.js";
import type { MaybeRefOrGetter } from "vue";
import type { ListedGroup } from "./client/pending.js";
import type { ShallowRef } from "vue";
import type { ListedInvitation } from "./client/waiting.js";
import type { JoinRequest } from "../types/wire.js";
import type { State } from "./client/link.js";
import type { ComputedRef } from "vue";
import type { Status } from "./client/link.js";
import type { Sort } from "./sidebar/order.js";
import type { Texts } from "./sidebar/texts.js";
import type { AllowedComponentProps } from "vue";
import type { ComponentCustomProps } from "vue";
import type { VNodeProps } from "vue";
import type { VNode } from "vue";
