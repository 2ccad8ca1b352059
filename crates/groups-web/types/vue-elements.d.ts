/**
 * `groups-web/vue`: the composables and the component, and the additions to the types of Vue: `<groups-sidebar>` and
 * `<groups-members>` in templates. Written by hand, because JSDoc cannot express them.
 */

import type { HTMLAttributes } from "vue";
import type { MembersProperties, SidebarProperties } from "./elements.js";
import type { GroupsMembers } from "./members.js";
import type { GroupsSidebar } from "./sidebar.js";

export type * from "./elements.js";
export * from "./vue.js";

/** Vue sets the properties of the element. `@group-selected` in a template is `onGroupSelected` here. */
export interface SidebarAttributes extends HTMLAttributes, SidebarProperties {
  onGroupSelected?: (event: HTMLElementEventMap["group-selected"]) => void;
  onGroupGone?: (event: HTMLElementEventMap["group-gone"]) => void;
  onInvitationAccept?: (event: HTMLElementEventMap["invitation-accept"]) => void;
  onInvitationDecline?: (event: HTMLElementEventMap["invitation-decline"]) => void;
  onRequestWithdraw?: (event: HTMLElementEventMap["request-withdraw"]) => void;
  onWaitingFailed?: (event: HTMLElementEventMap["waiting-failed"]) => void;
}

/** The same for the members of a group. */
export interface MembersAttributes extends HTMLAttributes, MembersProperties {
  onGroupGone?: (event: HTMLElementEventMap["group-gone"]) => void;
  onMemberSelected?: (event: HTMLElementEventMap["member-selected"]) => void;
  onMemberAdd?: (event: HTMLElementEventMap["member-add"]) => void;
  onMemberRemove?: (event: HTMLElementEventMap["member-remove"]) => void;
  onMemberRole?: (event: HTMLElementEventMap["member-role"]) => void;
  onMemberFailed?: (event: HTMLElementEventMap["member-failed"]) => void;
}

declare module "vue" {
  interface GlobalComponents {
    "groups-sidebar": new () => GroupsSidebar & { $props: SidebarAttributes };
    "groups-members": new () => GroupsMembers & { $props: MembersAttributes };
  }
}
