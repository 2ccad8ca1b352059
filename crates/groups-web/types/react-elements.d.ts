/**
 * `groups-web/react`: the hooks and the component, and the additions to the types of React 19: `<groups-sidebar>` in JSX, and its
 * custom properties in `style`. Written by hand, because JSDoc cannot express them.
 */

import type { DetailedHTMLProps, HTMLAttributes } from "react";
import type { SidebarProperties, SidebarStyle } from "./elements.js";
import type { GroupsSidebar } from "./sidebar.js";

export type * from "./elements.js";
export * from "./react.js";

/** React sets the properties of the element, and `on` with the name of an event adds a listener. */
export interface SidebarAttributes extends DetailedHTMLProps<HTMLAttributes<GroupsSidebar>, GroupsSidebar>, SidebarProperties {
  "ongroup-selected"?: (event: HTMLElementEventMap["group-selected"]) => void;
  "ongroup-gone"?: (event: HTMLElementEventMap["group-gone"]) => void;
}

declare module "react" {
  interface CSSProperties extends SidebarStyle {}
  namespace JSX {
    interface IntrinsicElements {
      "groups-sidebar": SidebarAttributes;
    }
  }
}
