/**
 * The client library: one user's groups, updated in real time. No dependencies, no DOM.
 *
 * ```js
 * import { GroupsClient } from "./groups-client.js";
 *
 * const client = new GroupsClient({ url: "https://groups.example/", getToken: () => myToken });
 * client.on("change", ({ groups }) => console.log(groups.map((group) => group.name)));
 * client.connect();
 * ```
 *
 * Implements version 1 of the wire contract. The types of all messages and bodies are in `wire.d.ts`.
 */

/** @typedef {import("./client/client.js").ClientEvents} ClientEvents */
/** @typedef {import("./client/options.js").ClientOptions} ClientOptions */
/** @typedef {import("./client/ladder.js").Transport} Transport */
/** @typedef {import("./client/http.js").CallOptions} CallOptions */
/** @typedef {import("./client/link.js").State} State */
/** @typedef {import("./client/link.js").Status} Status */
/** @typedef {import("./client/pending.js").ListedGroup} ListedGroup */
/** @typedef {import("./client/waiting.js").ListedInvitation} ListedInvitation */

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
