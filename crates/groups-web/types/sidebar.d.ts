/** `groups-web/sidebar`: the element, and what the types of the DOM have to know of it. Written by hand: JavaScript has no way to say it. */

import type { ListedGroup } from "./client/pending.js";
import type { GroupsSidebar } from "./groups-sidebar.js";

export * from "./groups-sidebar.js";

declare global {
  interface HTMLElementTagNameMap {
    "groups-sidebar": GroupsSidebar;
  }
  interface HTMLElementEventMap {
    "group-selected": CustomEvent<{ group_id: string; group: ListedGroup }>;
    "group-gone": CustomEvent<{ group_id: string }>;
  }
}
