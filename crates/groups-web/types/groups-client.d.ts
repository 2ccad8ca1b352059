export { GroupsClient } from "./client/client.js";
export type ClientEvents = import("./client/client.js").ClientEvents;
export type ClientOptions = import("./client/client.js").ClientOptions;
export type CallOptions = import("./client/http.js").CallOptions;
export type State = import("./client/link.js").State;
export type Status = import("./client/link.js").Status;
export type ListedGroup = import("./client/pending.js").ListedGroup;
export { ApiError, GroupsError, NetworkError, SignedOutError } from "./client/errors.js";
export { canAdd, canChangeRole, canChangeSettings, canDelete, canLeave, canReadHistory, canRemove, canTransfer, rolesToGive } from "./client/permissions.js";
