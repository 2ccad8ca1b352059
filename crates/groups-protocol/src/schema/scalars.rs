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
        "type": "string", "enum": ["removed", "left"],
        "description": "Whether the member was removed by somebody else or left.",
    };
    Code = "ErrorCode", {
        "type": "string", "enum": (crate::Code::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>()),
        "description": "A stable error code.",
    };
    True = "True", {"const": true};
}
