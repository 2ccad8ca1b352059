/** What pages set on the elements, and the names for styling them. Written by hand, because JSDoc cannot express them. */

import type { GroupsMembers } from "./groups-members.js";
import type { GroupsSidebar } from "./groups-sidebar.js";
import type { MemberTexts } from "./members/texts.js";
import type { Texts } from "./sidebar/texts.js";

/** The properties of `<groups-sidebar>`, and its attributes that are not properties. */
export interface SidebarProperties extends Partial<Pick<GroupsSidebar, "client" | "selected" | "sort" | "filter" | "noInvitations">> {
  texts?: Partial<Texts>;
  "no-invitations"?: boolean | "";
  /** `auto` is the system setting. Default: the `color-scheme` of the page. */
  theme?: "light" | "dark" | "auto";
}

/** The properties of `<groups-members>`, and its attributes that are not properties. */
export interface MembersProperties extends Partial<Pick<GroupsMembers, "client" | "groupId" | "manage" | "filter">> {
  texts?: Partial<MemberTexts>;
  "group-id"?: string;
  /** `auto` is the system setting. Default: the `color-scheme` of the page. */
  theme?: "light" | "dark" | "auto";
}

/** The values of the `slot` attribute for content of `<groups-sidebar>`. */
export type SidebarSlot = "actions" | "empty";

/** What `groups-sidebar::part(…)` can select. */
export type SidebarPart =
  | "root"
  | "header"
  | "title"
  | "total"
  | "actions"
  | "tools"
  | "filter"
  | "sort"
  | "waiting"
  | "waiting-title"
  | "invitation"
  | "request"
  | "accept"
  | "decline"
  | "withdraw"
  | "problem"
  | "list"
  | "row"
  | "avatar"
  | "name"
  | "meta"
  | "count"
  | "role"
  | "badge"
  | "note"
  | "retry"
  | "skeleton"
  | "status"
  | "dot"
  // A row has these when they apply.
  | "selected"
  | "fresh"
  | "pending"
  | "active";

/** The custom properties of `<groups-sidebar>`, as in `style`. */
export interface SidebarStyle {
  "--groups-background"?: string;
  "--groups-surface"?: string;
  "--groups-text"?: string;
  "--groups-muted"?: string;
  "--groups-border"?: string;
  "--groups-accent"?: string;
  "--groups-accent-text"?: string;
  "--groups-selected"?: string;
  "--groups-hover"?: string;
  "--groups-highlight"?: string;
  "--groups-radius"?: string;
  "--groups-row-height"?: string;
  "--groups-font"?: string;
}
