/**
 * React bindings: the hooks `useGroupsClient` and `useGroups`, and the component `GroupsSidebar`.
 *
 * ```jsx
 * import { useState } from "react";
 * import { GroupsSidebar, useGroups, useGroupsClient } from "groups-web/react";
 *
 * function App({ getToken }) {
 *   const client = useGroupsClient({ url: "https://groups.example/", getToken });
 *   const { groups, state } = useGroups(client);
 *   const [open, setOpen] = useState("");
 *   return (
 *     <>
 *       <p>{groups.length} groups, {state}</p>
 *       <GroupsSidebar client={client} selected={open} onGroupSelected={({ group_id }) => setOpen(group_id)} onGroupGone={() => setOpen("")} />
 *     </>
 *   );
 * }
 * ```
 *
 * @import { CSSProperties, ReactNode } from "react"
 * @import { ClientOptions } from "./client/options.js"
 * @import { State, Status } from "./client/link.js"
 * @import { ListedGroup } from "./client/pending.js"
 * @import { ListedInvitation } from "./client/waiting.js"
 * @import { GroupsSidebar as Element } from "./groups-sidebar.js"
 * @import { Sort } from "./sidebar/order.js"
 * @import { Texts } from "./sidebar/texts.js"
 * @import { JoinRequest } from "../types/wire.js"
 */

// For React server components: hooks and elements work in the browser only.
"use client";

import { createElement, useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";

import { GroupsClient } from "./groups-client.js";
import "./groups-sidebar.js";

/**
 * Returns a client that is connected while the component is mounted. Only the options of the first call are used, except
 * `getToken`, which may change.
 * @param {ClientOptions} options
 * @returns {GroupsClient}
 */
export function useGroupsClient(options) {
  const latest = useRef(options);
  latest.current = options;
  const [client] = useState(() => new GroupsClient({ ...options, getToken: (why) => latest.current.getToken(why) }));
  useEffect(() => {
    client.connect();
    return () => client.close();
  }, [client]);
  return client;
}

/**
 * Returns the groups, the user's invitations and requests to join, and the connection state, and renders again when one changes.
 * @param {GroupsClient} client
 * @returns {{ groups: readonly ListedGroup[], invitations: readonly ListedInvitation[], joinRequests: readonly JoinRequest[], state: State, status: Readonly<Status>, loaded: boolean }}
 */
export function useGroups(client) {
  const onList = useCallback((/** @type {() => void} */ changed) => both(client.on("change", changed), client.on("ready", changed)), [client]);
  const onStatus = useCallback((/** @type {() => void} */ changed) => client.on("state", changed), [client]);
  const groups = useSyncExternalStore(onList, () => client.groups, () => client.groups);
  const invitations = useSyncExternalStore(onList, () => client.invitations, () => client.invitations);
  const joinRequests = useSyncExternalStore(onList, () => client.joinRequests, () => client.joinRequests);
  const loaded = useSyncExternalStore(onList, () => client.loaded, () => client.loaded);
  const status = useSyncExternalStore(onStatus, () => client.status, () => client.status);
  return { groups, invitations, joinRequests, state: status.state, status, loaded };
}

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
export function GroupsSidebar({ client, selected, sort, filter, texts, noInvitations, theme, onGroupSelected, onGroupGone, className, style, children }) {
  const ref = useRef(/** @type {Element | null} */ (null));
  const handlers = useRef({ onGroupSelected, onGroupGone });
  handlers.current = { onGroupSelected, onGroupGone };
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    element.client = client;
    if (texts) element.texts = texts;
    if (sort) element.sort = sort;
    if (filter !== undefined && element.filter !== filter) element.filter = filter;
    if (selected !== undefined) element.selected = selected;
  }, [client, texts, sort, filter, selected]);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const abort = new AbortController();
    const { signal } = abort;
    element.addEventListener("group-selected", (event) => handlers.current.onGroupSelected?.(/** @type {CustomEvent} */ (event).detail), { signal });
    element.addEventListener("group-gone", (event) => handlers.current.onGroupGone?.(/** @type {CustomEvent} */ (event).detail), { signal });
    return () => abort.abort();
  }, []);
  return createElement("groups-sidebar", { ref, theme, "no-invitations": noInvitations ? "" : undefined, class: className, style }, children);
}

/** @param {() => void} one @param {() => void} other */
const both = (one, other) => () => {
  one();
  other();
};
