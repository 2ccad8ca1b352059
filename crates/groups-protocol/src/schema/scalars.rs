//! The schemas of single values, whose Rust types belong to other crates or are plain strings.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

macro_rules! scalars {
    ($($name:ident = $wire:literal, $schema:tt;)*) => {
        $(
            pub(crate) struct $name;

            impl JsonSchema for $name {
                fn schema_name() -> Cow<'static, str> {
                    $wire.into()
                }

                fn json_schema(_: &mut SchemaGenerator) -> Schema {
                    json_schema!($schema)
                }
            }
        )*
    };
}

scalars! {
    Id = "Uuid", {
        "type": "string", "format": "uuid", "description": "A UUID, lower-case and hyphenated.",
        "examples": ["01a206fc-a2ba-74e0-b762-1f02155aaf9f"],
    };
    Time = "Time", {
        "type": "string", "format": "date-time", "description": "RFC 3339, UTC, milliseconds.",
        "examples": ["2026-11-23T05:59:09.754Z"],
    };
    Cursor = "Cursor", {
        "type": "string", "description": "An opaque position in a stream of changes.",
        "minLength": 1, "maxLength": 600, "pattern": "^[A-Za-z0-9_-]*$",
    };
    Version = "Version", {
        "type": "integer", "minimum": 1,
        "description": "The version of a group: 1 at creation, incremented by exactly 1 with every change.",
    };
    DisplayName = "DisplayName", {
        "type": "string", "minLength": 1, "maxLength": 100, "description": "The display name of a user, trimmed and in NFC.",
        "examples": ["Ada"],
    };
    Role = "Role", {
        "type": "string", "enum": (groups_domain::Role::ALL.map(groups_domain::Role::as_str)),
        "description": "`owner` > `admin` > `member`. A group always has exactly one owner.",
    };
    LeaveReason = "LeaveReason", {
        "type": "string", "enum": ["removed", "left", "banned"],
        "description": "Whether the member was removed by somebody else, left, or was banned.",
    };
    JoinPolicy = "JoinPolicy", {
        "type": "string", "enum": (groups_domain::JoinPolicy::ALL.map(groups_domain::JoinPolicy::as_str)),
        "description": "How outsiders can join: not at all, by asking, or freely.",
    };
    Via = "Via", {
        "type": "string", "enum": (groups_domain::Via::ALL.map(groups_domain::Via::as_str)),
        "description": "How a member joined, if not by being added.",
    };
    InvitationEnd = "InvitationEnd", {
        "type": "string", "enum": ["withdrawn", "declined", "expired", "banned"],
        "description": "Why an invitation ended without a membership. `withdrawn` also if the group was deleted.",
    };
    JoinRequestEnd = "JoinRequestEnd", {
        "type": "string", "enum": ["declined", "withdrawn", "banned"],
        "description": "Why a request to join ended without a membership. `declined` also if the group was deleted.",
    };
    Note = "Note", {
        "type": "string", "minLength": 1, "maxLength": 500, "description": "A message or a reason, trimmed and in NFC.",
    };
    Code = "ErrorCode", {
        "type": "string", "enum": (crate::Code::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>()),
        "description": "A stable error code.",
    };
    True = "True", {"const": true};
}
