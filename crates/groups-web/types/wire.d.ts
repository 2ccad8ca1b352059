/**
 * The types of the wire contract of groups, version 1.
 *
 * The types of the server's messages and bodies are generated, in `wire/socket.d.ts` and `wire/http.d.ts`. This file gives them names and
 * adds the messages of the client. The contract only grows: ignore unknown fields and unknown `type`s.
 */

import type { EventHead, GroupEvent, Role, ServerMessage, Uuid } from "./wire/socket.js";

export * from "./wire/http.js";
export * from "./wire/socket.js";

/** A user to add. */
export interface NewMember {
  user_id: Uuid;
  /** Default: `member`. Never `owner`. */
  role?: Role;
}

// ---- The WebSocket, from the server ----

type EventOf<Type extends GroupEvent["type"]> = Extract<GroupEvent, { type: Type }>;
type MessageOf<Type extends ServerMessage["type"]> = Extract<ServerMessage, { type: Type }>;

/** The fields of every event. */
export type EventBase = EventHead;

/** To the creator. */
export type GroupCreated = EventOf<"group_created">;
/** To each added user. */
export type AddedToGroup = EventOf<"added_to_group">;
/** To every other member, including the actor. */
export type GroupUpdated = EventOf<"group_updated">;
/** To the user whose role changed. */
export type RoleChanged = EventOf<"role_changed">;
/** To the user who was removed or has left. */
export type RemovedFromGroup = EventOf<"removed_from_group">;
/** To all members. */
export type GroupDeleted = EventOf<"group_deleted">;
/** To the invited user. */
export type InvitedToGroup = EventOf<"invited_to_group">;
/** To the user whose invitation has ended without a membership. */
export type InvitationEnded = EventOf<"invitation_ended">;
/** To the user who has asked to join. */
export type JoinRequested = EventOf<"join_requested">;
/** To the user whose request to join has ended without a membership. */
export type JoinRequestEnded = EventOf<"join_request_ended">;

export type Welcome = MessageOf<"welcome">;
export type Snapshot = MessageOf<"snapshot">;
export type Ready = MessageOf<"ready">;
export type Typing = MessageOf<"typing">;
export type Authenticated = MessageOf<"authenticated">;
export type TokenExpiring = MessageOf<"token_expiring">;
export type Pong = MessageOf<"pong">;
export type ErrorFrame = MessageOf<"error">;

export type ServerFrame = ServerMessage | GroupEvent;

// ---- The WebSocket, from the client ----

export type ClientFrame = { type: "ping" } | { type: "typing"; group_id: Uuid; typing: boolean } | { type: "authenticate"; token: string };
