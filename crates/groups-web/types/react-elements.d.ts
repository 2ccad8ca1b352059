/**
 * `groups-web/react`: the hooks and the component, and the additions to the types of React 19: `<groups-sidebar>` and
 * `<groups-members>` in JSX, and their custom properties in `style`. Written by hand, because JSDoc cannot express them.
 */

import type { DetailedHTMLProps, HTMLAttributes } from "react";
import type { MembersProperties, SidebarProperties, SidebarStyle } from "./elements.js";
import type { GroupsMembers } from "./members.js";
import type { GroupsSidebar } from "./sidebar.js";

export type * from "./elements.js";
export * from "./react.js";

/** React sets the properties of the element, and `on` with the name of an event adds a listener. */
export interface SidebarAttributes extends DetailedHTMLProps<HTMLAttributes<GroupsSidebar>, GroupsSidebar>, SidebarProperties {
  "ongroup-selected"?: (event: HTMLElementEventMap["group-selected"]) => void;
  "ongroup-gone"?: (event: HTMLElementEventMap["group-gone"]) => void;
  "oninvitation-accept"?: (event: HTMLElementEventMap["invitation-accept"]) => void;
  "oninvitation-decline"?: (event: HTMLElementEventMap["invitation-decline"]) => void;
  "onrequest-withdraw"?: (event: HTMLElementEventMap["request-withdraw"]) => void;
  "onwaiting-failed"?: (event: HTMLElementEventMap["waiting-failed"]) => void;
}

/** The same for the members of a group. */
export interface MembersAttributes extends DetailedHTMLProps<HTMLAttributes<GroupsMembers>, GroupsMembers>, MembersProperties {
  "ongroup-gone"?: (event: HTMLElementEventMap["group-gone"]) => void;
  "onmember-selected"?: (event: HTMLElementEventMap["member-selected"]) => void;
  "onmember-add"?: (event: HTMLElementEventMap["member-add"]) => void;
  "onmember-remove"?: (event: HTMLElementEventMap["member-remove"]) => void;
  "onmember-role"?: (event: HTMLElementEventMap["member-role"]) => void;
  "onmember-failed"?: (event: HTMLElementEventMap["member-failed"]) => void;
}

declare module "react" {
  interface CSSProperties extends SidebarStyle {}
  namespace JSX {
    interface IntrinsicElements {
      "groups-sidebar": SidebarAttributes;
      "groups-members": MembersAttributes;
    }
  }
}
