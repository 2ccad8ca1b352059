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
