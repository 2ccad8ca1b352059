/**
 * `groups-web/vue`: the composables and the component, and the additions to the types of Vue: `<groups-sidebar>` in templates.
 * Written by hand, because JSDoc cannot express them.
 */

import type { HTMLAttributes } from "vue";
import type { SidebarProperties } from "./elements.js";
import type { GroupsSidebar } from "./sidebar.js";

export type * from "./elements.js";
export * from "./vue.js";

/** Vue sets the properties of the element. `@group-selected` in a template is `onGroupSelected` here. */
export interface SidebarAttributes extends HTMLAttributes, SidebarProperties {
  onGroupSelected?: (event: HTMLElementEventMap["group-selected"]) => void;
  onGroupGone?: (event: HTMLElementEventMap["group-gone"]) => void;
}

declare module "vue" {
  interface GlobalComponents {
    "groups-sidebar": new () => GroupsSidebar & { $props: SidebarAttributes };
  }
}
