/**
 * What goes over the wire: the wire contract of groups, version 1.
 *
 * It may grow: fields and `type`s that are not named here are to be ignored.
 */

/** A UUID, lower-case and hyphenated. */
export type Uuid = string;
/** RFC 3339, UTC, milliseconds. */
export type Time = string;
/** A position in one user's stream. Opaque. */
export type Cursor = string;

/** `owner` > `admin` > `member`. A group has exactly one owner. */
export type Role = "owner" | "admin" | "member";

/** A group as everybody in it sees it. */
export interface GroupBody {
  group_id: Uuid;
  /** 1–100 characters. */
  name: string;
  /** At most 1,000 characters. */
  description: string;
  /** The owner. */
  admin_id: Uuid;
  member_count: number;
  /** Starts at 1 and grows by exactly 1 with every change of the group or of its membership. */
  version: number;
  created_at: Time;
  updated_at: Time;
}

/** A group as one member sees it. */
export interface Group extends GroupBody {
  /** The caller's own role. */
  role: Role;
}

export interface Member {
  user_id: Uuid;
  role: Role;
  joined_at: Time;
  /** The display name, where one is known. */
  name?: string;
}

export interface NewMember {
  user_id: Uuid;
  /** `member` unless told; never `owner`. */
  role?: Role;
}

export interface GroupPage {
  groups: Group[];
  /** What to pass as `after` for the next page. */
  next: string | null;
  cursor: Cursor;
}

export interface MemberPage {
  members: Member[];
  /** What to pass as `after` for the next page. */
  next: string | null;
  /** The group's version that this page shows. */
  version: number;
}

export interface Added {
  group: Group;
  results: { user_id: Uuid; outcome: "added" | "already_member" }[];
}

export interface Me {
  user_id: Uuid;
  name?: string;
  expires_at: Time;
}

/** One change of a group's history. */
export interface ChangeRecord {
  version: number;
  at: Time;
  actor_id: Uuid;
  type: string;
  [field: string]: unknown;
}

export interface ChangePage {
  changes: ChangeRecord[];
  next: number | string | null;
}

/** A person of the development mode. */
export interface Person {
  user_id: Uuid;
  name: string;
}

/** The answer of the development mode's sign-in. */
export interface Login extends Person {
  token: string;
}

/** RFC 9457, `application/problem+json`. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  /** Stable. */
  code: ErrorCode;
}

export type ErrorCode =
  | "malformed_request"
  | "unauthenticated"
  | "forbidden"
  | "group_not_found"
  | "member_not_found"
  | "already_member"
  | "owner_must_transfer"
  | "version_mismatch"
  | "payload_too_large"
  | "invalid_name"
  | "invalid_description"
  | "invalid_role"
  | "too_many_members"
  | "idempotency_key_reused"
  | "rate_limited"
  | "unavailable";

// ---- The WebSocket, from the server ----

/** What every event has. */
export interface EventBase {
  group_id: Uuid;
  /** The version of the group that it made. */
  version: number;
  cursor: Cursor;
  at: Time;
  /** Who did it. */
  actor_id: Uuid;
}

/** To the creator. */
export interface GroupCreated extends EventBase {
  type: "group_created";
  name: string;
  description: string;
  admin_id: Uuid;
  role: Role;
  group: GroupBody;
}

/** To each added user. */
export interface AddedToGroup extends EventBase {
  type: "added_to_group";
  group_name: string;
  added_by: Uuid;
  role: Role;
  group: GroupBody;
}

export type Action =
  | { action: "member_added"; user_id: Uuid; role: Role }
  | { action: "members_added"; count: number; user_ids?: Uuid[] }
  | { action: "member_removed"; user_id: Uuid }
  | { action: "member_left"; user_id: Uuid }
  | { action: "role_changed"; user_id: Uuid; role: Role }
  | { action: "owner_changed"; user_id: Uuid }
  | { action: "settings_changed" };

/** To every other member, the actor included. */
export type GroupUpdated = EventBase & { type: "group_updated"; group: GroupBody } & Action;

/** To the user whose role changed. */
export interface RoleChanged extends EventBase {
  type: "role_changed";
  group_name: string;
  role: Role;
  previous_role: Role;
  changed_by: Uuid;
  group: GroupBody;
}

/** To the user who was removed or left. */
export interface RemovedFromGroup extends EventBase {
  type: "removed_from_group";
  group_name: string;
  removed_by: Uuid;
  reason: "removed" | "left";
}

/** To everyone who was a member. */
export interface GroupDeleted extends EventBase {
  type: "group_deleted";
  group_name: string;
  deleted_by: Uuid;
}

/** One change of one group, as one user is told of it. */
export type GroupEvent = GroupCreated | AddedToGroup | GroupUpdated | RoleChanged | RemovedFromGroup | GroupDeleted;

export interface Welcome {
  type: "welcome";
  user_id: Uuid;
  connection_id: Uuid;
  resumed: boolean;
  heartbeat_seconds: number;
}

export interface Snapshot {
  type: "snapshot";
  groups: Group[];
  /** Whether another piece follows. */
  more: boolean;
  cursor: Cursor;
}

export interface Ready {
  type: "ready";
  cursor: Cursor;
}

export interface Typing {
  type: "typing";
  group_id: Uuid;
  user_id: Uuid;
  typing: boolean;
  expires_in_seconds: number;
}

export interface Pong {
  type: "pong";
}

export interface ErrorFrame {
  type: "error";
  code: string;
  detail: string;
}

export type ServerFrame = Welcome | Snapshot | Ready | GroupEvent | Typing | Pong | ErrorFrame;

// ---- The WebSocket, from the client ----

export type ClientFrame = { type: "ping" } | { type: "typing"; group_id: Uuid; typing: boolean };
