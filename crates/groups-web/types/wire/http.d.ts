/** What the server answers over HTTP. Written by a test from the Rust types; `just bless` writes it anew. */

import type { Cursor, Group, Role, Time, Uuid } from "./socket.js";

export type GroupPage = {
  groups: Group[];
  /** What to pass as `after` for the next page. */
  next: string | null;
  /** The position that the page was read at. */
  cursor: Cursor;
};

/** A member. */
export type Member = {
  user_id: Uuid;
  role: Role;
  joined_at: Time;
  /** The display name, where one is known. */
  name?: string;
};

export type MemberPage = {
  members: Array<Member>;
  /** What to pass as `after` for the next page. */
  next: string | null;
  /** The group's version that the page shows. */
  version: number;
};

export type AddOutcome = "added" | "already_member" | "not_allowed" | "too_many_groups";

export type AddedResult = {
  user_id: Uuid;
  outcome: AddOutcome;
};

export type Added = {
  group: Group;
  /** What became of each person, in the order of the request. */
  results: Array<AddedResult>;
};

/** Somebody who came in with a change, and as what. */
export type Joined = {
  user_id: Uuid;
  role: Role;
};

/** What a change did. */
export type ChangeAction = {
  action: "group_created";
  name: string;
  description: string;
  members: Array<Joined>;
} | {
  action: "settings_changed";
  name?: string;
  description?: string;
} | {
  action: "member_added";
} & Joined | {
  action: "members_added";
  count: number;
  members: Array<Joined>;
} | {
  action: "member_removed";
  user_id: Uuid;
} | {
  action: "member_left";
  user_id: Uuid;
  /** Who is the owner since, where the leaver was. */
  new_owner_id?: Uuid;
} | {
  action: "role_changed";
  user_id: Uuid;
  role: Role;
  previous_role: Role;
} | {
  action: "owner_changed";
  user_id: Uuid;
} | {
  action: "group_deleted";
};

/** A change, as the history tells it. */
export type ChangeRecord = {
  /** The version of the group that it made. */
  version: number;
  at: Time;
  /** Who did it. */
  actor_id: Uuid;
} & ({
  action: "group_created";
  name: string;
  description: string;
  members: Array<Joined>;
} | {
  action: "settings_changed";
  name?: string;
  description?: string;
} | {
  action: "member_added";
} & Joined | {
  action: "members_added";
  count: number;
  members: Array<Joined>;
} | {
  action: "member_removed";
  user_id: Uuid;
} | {
  action: "member_left";
  user_id: Uuid;
  /** Who is the owner since, where the leaver was. */
  new_owner_id?: Uuid;
} | {
  action: "role_changed";
  user_id: Uuid;
  role: Role;
  previous_role: Role;
} | {
  action: "owner_changed";
  user_id: Uuid;
} | {
  action: "group_deleted";
});

export type ChangePage = {
  changes: Array<ChangeRecord>;
  /** What to pass as `after` for the next page. */
  next: string | null;
};

export type Me = {
  user_id: Uuid;
  name?: string;
  /** Until when the token is good. */
  expires_at: Time;
};

/** Somebody whom the caller has blocked. */
export type Block = {
  user_id: Uuid;
  /** Since when. */
  blocked_at: Time;
};

export type BlockPage = {
  blocks: Array<Block>;
  /** What to pass as `after` for the next page. */
  next: string | null;
};

/** A person of the development mode. */
export type Person = {
  user_id: Uuid;
  name: string;
};

export type People = {
  people: Array<Person>;
};

/** The answer of the development mode's sign-in. */
export type Login = {
  token: string;
  user_id: Uuid;
  name: string;
};

/** The stable codes of errors. */
export type ErrorCode = "malformed_request" | "unauthenticated" | "forbidden" | "not_found" | "group_not_found" | "member_not_found" | "method_not_allowed" | "request_timeout" | "already_member" | "group_exists" | "owner_must_transfer" | "version_mismatch" | "payload_too_large" | "invalid_name" | "invalid_description" | "invalid_role" | "too_many_members" | "too_many_groups" | "too_many_blocks" | "idempotency_key_reused" | "upgrade_required" | "rate_limited" | "internal" | "unavailable";

/** RFC 9457, `application/problem+json`. */
export type Problem = {
  type: string;
  title: string;
  status: number;
  detail: string;
  /** What to branch on: it is stable. */
  code: ErrorCode;
};
