/**
 * Groups, live, in any page: the client library. No dependency, no DOM.
 *
 * ```js
 * import { GroupsClient } from "./groups-client.js";
 *
 * const client = new GroupsClient({ url: "https://groups.example/", getToken: () => myToken });
 * client.on("change", ({ groups }) => console.log(groups.map((group) => group.name)));
 * client.connect();
 * ```
 *
 * Built on the wire contract, version 1; the types of everything on the wire are in `wire.d.ts`.
 */

/** @typedef {import("./client/client.js").ClientEvents} ClientEvents */
/** @typedef {import("./client/options.js").ClientOptions} ClientOptions */
/** @typedef {import("./client/http.js").CallOptions} CallOptions */
/** @typedef {import("./client/link.js").State} State */
/** @typedef {import("./client/link.js").Status} Status */
/** @typedef {import("./client/pending.js").ListedGroup} ListedGroup */

export { isolated } from "./client/bidi.js";
export { GroupsClient } from "./client/client.js";
export { ApiError, GroupsError, NetworkError, SignedOutError } from "./client/errors.js";
export {
  canAdd,
  canChangeRole,
  canChangeSettings,
  canDelete,
  canLeave,
  canReadHistory,
  canRemove,
  canTransfer,
  rolesToGive,
} from "./client/permissions.js";
