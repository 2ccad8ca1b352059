//! The types for TypeScript, written to `crates/groups-web/types/wire`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod declare;

use groups_domain::{LeaveReason, Role};
use serde_json::json;

use self::declare::{compare, declared, union};
use crate::*;

const SOCKET_HEAD: &str = "\
/** What the server says over the WebSocket. Written by a test from the Rust types; `just bless` writes it anew. */

/** A UUID, lower-case and hyphenated. */
export type Uuid = string;
/** RFC 3339, UTC, milliseconds. */
export type Time = string;
/** A position in one user's stream. Opaque. */
export type Cursor = string;
";

const HTTP_HEAD: &str = "\
/** What the server answers over HTTP. Written by a test from the Rust types; `just bless` writes it anew. */

import type { Cursor, Group, Role, Time, Uuid } from \"./socket.js\";
";

const GROUP: &str = "
/** A group as one member sees it. */
export type Group = GroupBody & {
  /** The reader's own. */
  role: Role;
};
";

/// Every reason; a further one does not compile until it is named here.
fn reasons() -> impl Iterator<Item = LeaveReason> {
    std::iter::successors(Some(LeaveReason::Removed), |reason| match reason {
        LeaveReason::Removed => Some(LeaveReason::Left),
        LeaveReason::Left => None,
    })
}

#[test]
fn golden_the_types_of_the_messages_for_typescript() {
    let role = |role: Role| json!(role).as_str().unwrap().to_owned();
    let reason = |reason: LeaveReason| json!(reason).as_str().unwrap().to_owned();
    let parts = [
        SOCKET_HEAD.to_owned(),
        union(
            "Role",
            "`owner` > `admin` > `member`. A group always has exactly one owner.",
            Role::ALL.into_iter().rev().map(role),
        ),
        union("LeaveReason", "Whether somebody else did it, or they themselves.", reasons().map(reason)),
        declared::<GroupBody<'_>>(),
        GROUP.to_owned(),
        declared::<EventHead<'_>>(),
        declared::<ActionBody<'_>>(),
        declared::<EventBody<'_>>(),
        declared::<ErrorCode>(),
        declared::<ServerMessage<'_>>(),
    ];
    compare("socket.d.ts", &parts.concat());
}

#[test]
fn golden_the_types_of_the_answers_for_typescript() {
    let parts = [
        HTTP_HEAD.to_owned(),
        declared::<GroupPage<'_>>(),
        declared::<MemberBody>(),
        declared::<MemberPage>(),
        declared::<AddOutcome>(),
        declared::<AddedMember>(),
        declared::<AddedBody<'_>>(),
        declared::<NewMemberBody>(),
        declared::<ChangeAction<'_>>(),
        declared::<ChangeBody<'_>>(),
        declared::<ChangePage<'_>>(),
        declared::<MeBody>(),
        declared::<BlockBody>(),
        declared::<BlockPage>(),
        declared::<PersonBody>(),
        declared::<PeopleBody>(),
        declared::<LoginBody>(),
        union("ErrorCode", "The stable codes of errors.", Code::ALL.iter().map(|code| code.as_str())),
        declared::<ProblemBody<'_>>(),
    ];
    compare("http.d.ts", &parts.concat());
}
