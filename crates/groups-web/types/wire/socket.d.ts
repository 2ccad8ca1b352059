/** What the server says over the WebSocket. Written by a test from the Rust types; `just bless` writes it anew. */

/** A UUID, lower-case and hyphenated. */
export type Uuid = string;
/** RFC 3339, UTC, milliseconds. */
export type Time = string;
/** A position in one user's stream. Opaque. */
export type Cursor = string;

/** `owner` > `admin` > `member`. A group always has exactly one owner. */
export type Role = "owner" | "admin" | "member";

/** Whether somebody else did it, or they themselves. */
export type LeaveReason = "removed" | "left";

/** A group on the wire. `role` is the reader's own and is left out where the text is for many readers. */
export type GroupBody = {
  /** The group's id, a UUIDv7: a newer group has a greater one. */
  group_id: Uuid;
  /** 1–100 characters, trimmed. */
  name: string;
  /** At most 1,000 characters. */
  description: string;
  /** The owner. */
  admin_id: Uuid;
  /** The owner included. */
  member_count: number;
  /** Starts at 1 and grows by exactly 1 with every change of the group or of its membership. */
  version: number;
  /** When version 1 was made. */
  created_at: Time;
  /** When this version was made. */
  updated_at: Time;
  /** The reader's own role, where the text is for one reader. */
  role?: Role;
};

/** A group as one member sees it. */
export type Group = GroupBody & {
  /** The reader's own. */
  role: Role;
};

/** What every event has. */
export type EventHead = {
  /** Of which group. */
  group_id: Uuid;
  /** The version of the group that it made. */
  version: number;
  /** What to resume from after it. */
  cursor: Cursor;
  /** When it happened. */
  at: Time;
  /** Who did it. */
  actor_id: Uuid;
  /** Only on what an operator did. */
  operator?: true;
};

/** What happened to others, or to the group. */
export type Action = {
  action: "member_added";
  /** Who. */
  user_id: Uuid;
  /** As what. */
  role: Role;
} | {
  action: "members_added";
  /** How many. */
  count: number;
  /** Who, where there are at most 100. */
  user_ids?: Uuid[];
} | {
  action: "member_removed";
  /** Who. */
  user_id: Uuid;
} | {
  action: "member_left";
  /** Who. */
  user_id: Uuid;
  /** Who is the owner since, where the leaver was. */
  new_owner_id?: Uuid;
} | {
  action: "role_changed";
  /** Who. */
  user_id: Uuid;
  /** What they are now. */
  role: Role;
} | {
  action: "owner_changed";
  /** The new owner. */
  user_id: Uuid;
} | {
  action: "settings_changed";
};

/** An event with its position in the reader's stream. */
export type GroupEvent = {
  type: "group_created";
  /** The group's name. */
  name: string;
  /** What it is for. */
  description: string;
  /** Its owner. */
  admin_id: Uuid;
  /** The reader's role. */
  role: Role;
  /** The group. */
  group: GroupBody;
  /** Of which group. */
  group_id: Uuid;
  /** The version of the group that it made. */
  version: number;
  /** What to resume from after it. */
  cursor: Cursor;
  /** When it happened. */
  at: Time;
  /** Who did it. */
  actor_id: Uuid;
  /** Only on what an operator did. */
  operator?: true;
} | {
  type: "added_to_group";
  /** The group's name. */
  group_name: string;
  /** Who added them. */
  added_by: Uuid;
  /** The reader's role. */
  role: Role;
  /** The group. */
  group: GroupBody;
  /** Of which group. */
  group_id: Uuid;
  /** The version of the group that it made. */
  version: number;
  /** What to resume from after it. */
  cursor: Cursor;
  /** When it happened. */
  at: Time;
  /** Who did it. */
  actor_id: Uuid;
  /** Only on what an operator did. */
  operator?: true;
} | {
  type: "group_updated";
  /** The group. */
  group: GroupBody;
  /** Of which group. */
  group_id: Uuid;
  /** The version of the group that it made. */
  version: number;
  /** What to resume from after it. */
  cursor: Cursor;
  /** When it happened. */
  at: Time;
  /** Who did it. */
  actor_id: Uuid;
  /** Only on what an operator did. */
  operator?: true;
} & ({
  action: "member_added";
  /** Who. */
  user_id: Uuid;
  /** As what. */
  role: Role;
} | {
  action: "members_added";
  /** How many. */
  count: number;
  /** Who, where there are at most 100. */
  user_ids?: Uuid[];
} | {
  action: "member_removed";
  /** Who. */
  user_id: Uuid;
} | {
  action: "member_left";
  /** Who. */
  user_id: Uuid;
  /** Who is the owner since, where the leaver was. */
  new_owner_id?: Uuid;
} | {
  action: "role_changed";
  /** Who. */
  user_id: Uuid;
  /** What they are now. */
  role: Role;
} | {
  action: "owner_changed";
  /** The new owner. */
  user_id: Uuid;
} | {
  action: "settings_changed";
}) | {
  type: "role_changed";
  /** The group's name. */
  group_name: string;
  /** The reader's role now. */
  role: Role;
  /** The reader's role before. */
  previous_role: Role;
  /** Who changed it. */
  changed_by: Uuid;
  /** The group. */
  group: GroupBody;
  /** Of which group. */
  group_id: Uuid;
  /** The version of the group that it made. */
  version: number;
  /** What to resume from after it. */
  cursor: Cursor;
  /** When it happened. */
  at: Time;
  /** Who did it. */
  actor_id: Uuid;
  /** Only on what an operator did. */
  operator?: true;
} | {
  type: "removed_from_group";
  /** The group's name. */
  group_name: string;
  /** Who did it. */
  removed_by: Uuid;
  /** `removed` or `left`. */
  reason: LeaveReason;
  /** Of which group. */
  group_id: Uuid;
  /** The version of the group that it made. */
  version: number;
  /** What to resume from after it. */
  cursor: Cursor;
  /** When it happened. */
  at: Time;
  /** Who did it. */
  actor_id: Uuid;
  /** Only on what an operator did. */
  operator?: true;
} | {
  type: "group_deleted";
  /** The group's name. */
  group_name: string;
  /** Who did it. */
  deleted_by: Uuid;
  /** Of which group. */
  group_id: Uuid;
  /** The version of the group that it made. */
  version: number;
  /** What to resume from after it. */
  cursor: Cursor;
  /** When it happened. */
  at: Time;
  /** Who did it. */
  actor_id: Uuid;
  /** Only on what an operator did. */
  operator?: true;
};

/** Why a message of the client had no effect. */
export type MessageErrorCode = "malformed_message" | "unknown_type" | "group_not_found" | "rate_limited";

/** A message of the server that is no event. */
export type ServerMessage = {
  type: "welcome";
  /** As whom the client came in. */
  user_id: Uuid;
  /** Which connection this is, for the logs of both sides. */
  connection_id: Uuid;
  /** Whether missed events follow; else the whole list does. */
  resumed: boolean;
  /** How often the server asks for a sign of life. */
  heartbeat_seconds: number;
} | {
  type: "snapshot";
  /** At most 500 groups, and some 256 KiB. */
  groups: Group[];
  /** Whether another piece follows. */
  more: boolean;
  /** With the last piece, the position that the list was read at; with the others, none. */
  cursor: Cursor;
} | {
  type: "ready";
  /** The position that was read at. */
  cursor: Cursor;
} | {
  type: "typing";
  /** Where. */
  group_id: Uuid;
  /** Who. */
  user_id: Uuid;
  /** Whether they do. */
  typing: boolean;
  /** For how long to believe it. */
  expires_in_seconds: number;
} | {
  type: "pong";
} | {
  type: "error";
  /** What is wrong, for programs. */
  code: MessageErrorCode;
  /** What is wrong, for people. */
  detail: string;
};
