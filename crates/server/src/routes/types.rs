//! The bodies' types for TypeScript, written from the Rust types to `crates/groups-web/types/wire/http.d.ts`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../../notify/src/wire/types/declare.rs"]
mod declare;

use self::declare::{compare, declared, union};
use super::{add_members, blocks, development, history, list_groups, list_members, me};
use crate::output::{ChangeAction, ChangeBody, MemberBody, NewMemberBody};
use crate::problem::{self, Code};

const HEAD: &str = "\
/** What the server answers over HTTP. Written by a test from the Rust types; `just bless` writes it anew. */

import type { Cursor, Group, Role, Time, Uuid } from \"./socket.js\";
";

#[test]
fn golden_the_types_of_the_answers_for_typescript() {
    let parts = [
        HEAD.to_owned(),
        declared::<list_groups::Page<'_>>(),
        declared::<MemberBody>(),
        declared::<list_members::Page>(),
        declared::<add_members::AddOutcome>(),
        declared::<add_members::Added>(),
        declared::<add_members::Answer<'_>>(),
        declared::<NewMemberBody>(),
        declared::<ChangeAction<'_>>(),
        declared::<ChangeBody<'_>>(),
        declared::<history::Page<'_>>(),
        declared::<me::Body>(),
        declared::<blocks::BlockBody>(),
        declared::<blocks::Page>(),
        declared::<development::Person>(),
        declared::<development::People>(),
        declared::<development::Login>(),
        union("ErrorCode", "The stable codes of errors.", Code::ALL.iter().map(|code| code.as_str())),
        declared::<problem::Body<'_>>(),
    ];
    compare("http.d.ts", &parts.concat());
}
