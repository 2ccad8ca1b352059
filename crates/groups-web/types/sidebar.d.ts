/** `groups-web/sidebar`: the element, and its additions to the DOM types. Written by hand, because JSDoc cannot express them. */

import type { ListedGroup } from "./client/pending.js";
import type { ListedInvitation } from "./client/waiting.js";
import type { GroupsSidebar } from "./groups-sidebar.js";
import type { JoinRequest } from "./wire.js";

export * from "./groups-sidebar.js";

declare global {
  interface HTMLElementTagNameMap {
    "groups-sidebar": GroupsSidebar;
  }
  interface HTMLElementEventMap {
    "group-selected": CustomEvent<{ group_id: string; group: ListedGroup }>;
    "group-gone": CustomEvent<{ group_id: string }>;
    /** Cancelable, as the next two: then the element does nothing. */
    "invitation-accept": CustomEvent<{ group_id: string; invitation: ListedInvitation }>;
    "invitation-decline": CustomEvent<{ group_id: string; invitation: ListedInvitation }>;
    "request-withdraw": CustomEvent<{ group_id: string; request: JoinRequest }>;
    /** One of these was refused; the element says why. */
    "waiting-failed": CustomEvent<{ group_id: string; error: unknown }>;
  }
}
