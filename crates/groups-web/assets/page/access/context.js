/**
 * What the access panel and its sections work with.
 *
 * @import { GroupsClient } from "../../client/client.js"
 * @import { Group } from "../../../types/wire.js"
 * @import { Names } from "../names.js"
 * @import { Session } from "../session.js"
 * @import { Toasts } from "../toasts.js"
 */

/** @typedef {{ client: GroupsClient, session: Session, names: Names, toasts: Toasts }} Tools */

/** @typedef {Tools & { groupId: string, group: () => Group }} Context `group`: as it is now, or as it was before the user left it. */

export {};
