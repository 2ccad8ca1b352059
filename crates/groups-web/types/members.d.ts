/** `groups-web/members`: the element, and its additions to the DOM types. Written by hand, because JSDoc cannot express them. */

import type { GroupsMembers } from "./groups-members.js";
import type { Member, NewMember, Role } from "./wire.js";

export * from "./groups-members.js";

declare global {
  interface HTMLElementTagNameMap {
    "groups-members": GroupsMembers;
  }
  interface HTMLElementEventMap {
    "group-gone": CustomEvent<{ group_id: string }>;
    "member-selected": CustomEvent<{ group_id: string; member: Member }>;
    "member-add": CustomEvent<{ group_id: string; members: NewMember[] }>;
    "member-remove": CustomEvent<{ group_id: string; member: Member }>;
    "member-role": CustomEvent<{ group_id: string; member: Member; role: Role }>;
    "member-failed": CustomEvent<{ group_id: string; error: unknown }>;
  }
}
