/**
 * What goes over the wire: the wire contract of groups, version 1.
 *
 * The types of what the server says are written from its own, in `wire/socket.d.ts` and `wire/http.d.ts`; here they get the names that one
 * speaks of them by, and what a client says is added. All of it may grow: fields and `type`s that are not named here are to be ignored.
 */

import type { EventHead, GroupEvent, Role, ServerMessage, Uuid } from "./wire/socket.js";

export * from "./wire/http.js";
export * from "./wire/socket.js";

/** Somebody to be added. */
export interface NewMember {
  user_id: Uuid;
  /** `member` unless told; never `owner`. */
  role?: Role;
}

// ---- The WebSocket, from the server ----

type EventOf<Type extends GroupEvent["type"]> = Extract<GroupEvent, { type: Type }>;
type MessageOf<Type extends ServerMessage["type"]> = Extract<ServerMessage, { type: Type }>;

/** What every event has. */
export type EventBase = EventHead;

/** To the creator. */
export type GroupCreated = EventOf<"group_created">;
/** To each added user. */
export type AddedToGroup = EventOf<"added_to_group">;
/** To every other member, the actor included. */
export type GroupUpdated = EventOf<"group_updated">;
/** To the user whose role changed. */
export type RoleChanged = EventOf<"role_changed">;
/** To the user who was removed or left. */
export type RemovedFromGroup = EventOf<"removed_from_group">;
/** To everyone who was a member. */
export type GroupDeleted = EventOf<"group_deleted">;

export type Welcome = MessageOf<"welcome">;
export type Snapshot = MessageOf<"snapshot">;
export type Ready = MessageOf<"ready">;
export type Typing = MessageOf<"typing">;
export type Pong = MessageOf<"pong">;
export type ErrorFrame = MessageOf<"error">;

export type ServerFrame = ServerMessage | GroupEvent;

// ---- The WebSocket, from the client ----

export type ClientFrame = { type: "ping" } | { type: "typing"; group_id: Uuid; typing: boolean };
