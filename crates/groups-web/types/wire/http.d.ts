/** What the server answers over HTTP. Written by a test from the Rust types; `just bless` writes it anew. */

import type { Cursor, Group, Role, Time, Uuid } from "./socket.js";

/** `GET /v1/groups`. */
export type GroupPage = {
  /** Newest first. */
  groups: Group[];
  /** What to pass as `after` for the next page. */
  next: string | null;
  /** The position that the page was read at. */
  cursor: Cursor;
};

/** A member of a group. */
export type Member = {
  /** Who. */
  user_id: Uuid;
  /** As what. */
  role: Role;
  /** Since when. */
  joined_at: Time;
  /** The display name, where one is known. */
  name?: string;
};

/** `GET /v1/groups/{group_id}/members`. */
export type MemberPage = {
  /** In joining order. */
  members: Array<Member>;
  /** What to pass as `after` for the next page. */
  next: string | null;
  /** The group's version that the page shows. */
  version: number;
};

/** What became of somebody who was to be added. */
export type AddOutcome = "added" | "already_member" | "not_allowed" | "too_many_groups";

/** What became of one person. */
export type AddedResult = {
  /** Who. */
  user_id: Uuid;
  /** What became of them. */
  outcome: AddOutcome;
};

/** `POST /v1/groups/{group_id}/members`. */
export type Added = {
  /** The group after the change. */
  group: Group;
  /** What became of each person, in the order of the request. */
  results: Array<AddedResult>;
};

/** Somebody who came in with a change, and as what. */
export type Joined = {
  /** Who. */
  user_id: Uuid;
  /** As what. */
  role: Role;
};

/** What a change did. */
export type ChangeAction = {
  action: "group_created";
  /** The group's name. */
  name: string;
  /** What it is for. */
  description: string;
  /** Who was added. */
  members: Array<Joined>;
} | {
  action: "settings_changed";
  /** The new name, if it changed. */
  name?: string;
  /** The new description, if it changed. */
  description?: string;
} | {
  action: "member_added";
} & Joined | {
  action: "members_added";
  /** How many people. */
  count: number;
  /** Who was added. */
  members: Array<Joined>;
} | {
  action: "member_removed";
  /** Whom it concerns. */
  user_id: Uuid;
} | {
  action: "member_left";
  /** Whom it concerns. */
  user_id: Uuid;
  /** Who is the owner since, where the leaver was. */
  new_owner_id?: Uuid;
} | {
  action: "role_changed";
  /** Whom it concerns. */
  user_id: Uuid;
  /** Their role now. */
  role: Role;
  /** Their role before. */
  previous_role: Role;
} | {
  action: "owner_changed";
  /** Whom it concerns. */
  user_id: Uuid;
} | {
  action: "group_deleted";
};

/** A change, as the history tells it. */
export type ChangeRecord = {
  /** The version of the group that it made. */
  version: number;
  /** When it happened. */
  at: Time;
  /** Who did it. */
  actor_id: Uuid;
  /** Only on what an operator did. */
  operator?: true;
} & ({
  action: "group_created";
  /** The group's name. */
  name: string;
  /** What it is for. */
  description: string;
  /** Who was added. */
  members: Array<Joined>;
} | {
  action: "settings_changed";
  /** The new name, if it changed. */
  name?: string;
  /** The new description, if it changed. */
  description?: string;
} | {
  action: "member_added";
} & Joined | {
  action: "members_added";
  /** How many people. */
  count: number;
  /** Who was added. */
  members: Array<Joined>;
} | {
  action: "member_removed";
  /** Whom it concerns. */
  user_id: Uuid;
} | {
  action: "member_left";
  /** Whom it concerns. */
  user_id: Uuid;
  /** Who is the owner since, where the leaver was. */
  new_owner_id?: Uuid;
} | {
  action: "role_changed";
  /** Whom it concerns. */
  user_id: Uuid;
  /** Their role now. */
  role: Role;
  /** Their role before. */
  previous_role: Role;
} | {
  action: "owner_changed";
  /** Whom it concerns. */
  user_id: Uuid;
} | {
  action: "group_deleted";
});

/** `GET /v1/groups/{group_id}/changes`. */
export type ChangePage = {
  /** Oldest first. */
  changes: Array<ChangeRecord>;
  /** What to pass as `after` for the next page. */
  next: string | null;
};

/** `GET /v1/me`. */
export type Me = {
  /** The caller. */
  user_id: Uuid;
  /** The display name that others see, if there is one. */
  name?: string;
  /** Until when the token is good. */
  expires_at: Time;
};

/** Somebody whom the caller has blocked. */
export type Block = {
  /** Who. */
  user_id: Uuid;
  /** Since when. */
  blocked_at: Time;
};

/** `GET /v1/me/blocks`. */
export type BlockPage = {
  /** By user id. */
  blocks: Array<Block>;
  /** What to pass as `after` for the next page. */
  next: string | null;
};

/** A person in development mode. */
export type Person = {
  /** Who. */
  user_id: Uuid;
  /** The name that they signed in with. */
  name: string;
};

/** `GET /v1/dev/people`. */
export type People = {
  /** By name. */
  people: Array<Person>;
};

/** `POST /v1/dev/login`. */
export type Login = {
  /** A token for 12 hours. */
  token: string;
  /** Who signed in. */
  user_id: Uuid;
  /** Their name. */
  name: string;
};

/** The stable codes of errors. */
export type ErrorCode = "malformed_request" | "unauthenticated" | "forbidden" | "not_found" | "group_not_found" | "member_not_found" | "method_not_allowed" | "request_timeout" | "already_member" | "group_exists" | "owner_must_transfer" | "version_mismatch" | "payload_too_large" | "invalid_name" | "invalid_description" | "invalid_role" | "too_many_members" | "too_many_groups" | "too_many_blocks" | "idempotency_key_reused" | "upgrade_required" | "rate_limited" | "internal" | "unavailable";

/** RFC 9457, `application/problem+json`. */
export type Problem = {
  /** Always `about:blank`: `code` tells errors apart. */
  type: string;
  /** What `code` means in general, for people. */
  title: string;
  /** The HTTP status. */
  status: number;
  /** What happened, for people. */
  detail: string;
  /** What to branch on: it is stable. */
  code: ErrorCode;
};
