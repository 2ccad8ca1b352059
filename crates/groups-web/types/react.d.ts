/**
 * Returns a client that is connected while the component is mounted. Only the options of the first call are used, except
 * `getToken`, which may change.
 * @param {ClientOptions} options
 * @returns {GroupsClient}
 */
export function useGroupsClient(options: ClientOptions): GroupsClient;
/**
 * Returns the groups, the user's invitations and requests to join, and the connection state, and renders again when one changes.
 * @param {GroupsClient} client
 * @returns {{ groups: readonly ListedGroup[], invitations: readonly ListedInvitation[], joinRequests: readonly JoinRequest[], state: State, status: Readonly<Status>, loaded: boolean }}
 */
export function useGroups(client: GroupsClient): {
    groups: readonly ListedGroup[];
    invitations: readonly ListedInvitation[];
    joinRequests: readonly JoinRequest[];
    state: State;
    status: Readonly<Status>;
    loaded: boolean;
};
/**
 * @typedef {object} SidebarProps
 * @property {GroupsClient} client
 * @property {string} [selected] The id of the selected group.
 * @property {Sort} [sort]
 * @property {string} [filter]
 * @property {Partial<Texts>} [texts]
 * @property {boolean} [noInvitations] Hides invitations and requests to join.
 * @property {"light" | "dark" | "auto"} [theme]
 * @property {(detail: { group_id: string, group: ListedGroup }) => void} [onGroupSelected]
 * @property {(detail: { group_id: string }) => void} [onGroupGone]
 * @property {string} [className]
 * @property {CSSProperties} [style] Typically the size.
 * @property {ReactNode} [children] Content for the slots, chosen by the `slot` attribute.
 */
/**
 * `<groups-sidebar>` as a React component: objects are set as properties, events call functions.
 * @param {SidebarProps} props
 */
export function GroupsSidebar({ client, selected, sort, filter, texts, noInvitations, theme, onGroupSelected, onGroupGone, className, style, children }: SidebarProps): import("react").ReactElement<{
    ref: import("react").RefObject<Element | null>;
    theme: "auto" | "dark" | "light" | undefined;
    "no-invitations": string | undefined;
    class: string | undefined;
    style: CSSProperties | undefined;
}, string | import("react").JSXElementConstructor<any>>;
export type SidebarProps = {
    client: GroupsClient;
    /**
     * The id of the selected group.
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
    onGroupSelected?: ((detail: {
        group_id: string;
        group: ListedGroup;
    }) => void) | undefined;
    onGroupGone?: ((detail: {
        group_id: string;
    }) => void) | undefined;
    className?: string | undefined;
    /**
     * Typically the size.
     */
    style?: CSSProperties | undefined;
    /**
     * Content for the slots, chosen by the `slot` attribute.
     */
    children?: ReactNode;
};
import type { ClientOptions } from "./client/options.js";
import { GroupsClient } from "./groups-client.js";
import type { ListedGroup } from "./client/pending.js";
import type { ListedInvitation } from "./client/waiting.js";
import type { JoinRequest } from "../types/wire.js";
import type { State } from "./client/link.js";
import type { Status } from "./client/link.js";
import type { GroupsSidebar as Element } from "./groups-sidebar.js";
import type { CSSProperties } from "react";
import type { Sort } from "./sidebar/order.js";
import type { Texts } from "./sidebar/texts.js";
import type { ReactNode } from "react";
