/** `groups-web/sidebar`: the element, and its additions to the DOM types. Written by hand, because JSDoc cannot express them. */

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
