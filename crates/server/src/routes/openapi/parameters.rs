//! The parameters of operations.

use serde_json::{Map, Value, json};

macro_rules! parameters {
    ($($name:ident: $place:literal $wire:literal $required:literal, $description:literal, $schema:tt;)*) => {
        #[derive(Clone, Copy, Debug)]
        pub(super) enum Parameter { $($name,)* }

        impl Parameter {
            pub(super) fn reference(self) -> Value {
                json!({"$ref": format!("#/components/parameters/{self:?}")})
            }
        }

        /// All parameters, by the name of their component.
        pub(super) fn parameters() -> Map<String, Value> {
            let mut all = Map::new();
            $(all.insert(stringify!($name).to_owned(), json!({
                "name": $wire, "in": $place, "required": $required, "description": $description, "schema": $schema,
            }));)*
            all
        }
    };
}

parameters! {
    GroupId: "path" "group_id" true, "The id of the group.", {"$ref": "#/components/schemas/Uuid"};
    UserId: "path" "user_id" true, "The id of the user.", {"$ref": "#/components/schemas/UserId"};
    MemberId: "path" "user_id" true, "The id of the member; `me` is the caller.",
        {"anyOf": [{"const": "me"}, {"$ref": "#/components/schemas/UserId"}]};
    InvitedId: "path" "user_id" true, "The id of the invited user; `me` is the caller, who declines.",
        {"anyOf": [{"const": "me"}, {"$ref": "#/components/schemas/UserId"}]};
    LinkId: "path" "link_id" true, "The id of the link.", {"$ref": "#/components/schemas/Uuid"};
    LinkToken: "path" "token" true, "The token of the link.", {"type": "string", "minLength": 1};
    JobId: "path" "job_id" true, "The id of the job.", {"$ref": "#/components/schemas/Uuid"};
    WebhookId: "path" "webhook_id" true, "The id of the webhook.", {"$ref": "#/components/schemas/Uuid"};
    File: "path" "path" true, "The path of the file. It may have several segments.",
        {"type": "string", "minLength": 1, "examples": ["groups-client.js"]};

    Limit: "query" "limit" false, "Maximum number of entries; values above 500 count as 500.",
        {"type": "integer", "minimum": 1, "default": 100};
    After: "query" "after" false, "The `next` of the previous page. Default: from the start.", {"type": "string"};
    Version: "query" "after" false, "The version after which the page starts: the `next` of the previous page.",
        {"type": "string", "pattern": "^[0-9]{0,19}$"};
    Cursor: "query" "cursor" false, "How far the client has read. An invalid cursor is treated like none.",
        {"type": "string"};
    NamePrefix: "query" "query" false, "The beginning of a name, ignoring case. Default: all.", {"type": "string"};
    OwnerOfGroups: "query" "user_id" false, "The groups of this user. Not together with `query`.",
        {"$ref": "#/components/schemas/UserId"};
    UserName: "query" "query" false, "The beginning of a name, ignoring case. Not together with `subject`.", {"type": "string"};
    Subject: "query" "subject" false, "The `sub` of the user's tokens. Required without `query`.",
        {"type": "string", "minLength": 1, "maxLength": 255};
    Issuer: "query" "issuer" false, "The `iss` of the user's tokens. Default: the only one that is accepted, or none.",
        {"type": "string"};
    Mode: "query" "mode" true, "`leave`: out of every group. `erase`: and from everything that is stored.",
        {"type": "string", "enum": ["leave", "erase"]};
    Successor: "query" "successor" false, "The new owner. Required when the owner leaves, and only allowed then.",
        {"$ref": "#/components/schemas/UserId"};
    Wait: "query" "wait" false,
        "How many seconds to wait for a change if there is none; values above 30 count as 30.",
        {"type": "integer", "minimum": 0, "maximum": 18_446_744_073_709_551_615_u64, "default": 0};
    WaitForEvents: "query" "wait" false,
        "How many seconds to wait for an event if nothing was missed; values above 30 count as 30. Not for streams.",
        {"type": "integer", "minimum": 0, "maximum": 18_446_744_073_709_551_615_u64, "default": 0};
    DevelopmentQuery: "query" "q" false, "The beginning of a name, ignoring case. Default: all.", {"type": "string"};

    LastEventId: "header" "Last-Event-ID" false, "Takes precedence over `cursor`.", {"type": "string"};
    IdempotencyKey: "header" "Idempotency-Key" false,
        "A repetition with the same key within 24 hours returns the first answer, and changes nothing.",
        {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([\t -~]*[!-~])?$"};
    IfMatch: "header" "If-Match" false,
        "The entity tags of the versions that the caller accepts, or `*`. Evaluated last.",
        {"type": "string", "minLength": 1, "examples": ["\"2\""]};
    IfNoneMatch: "header" "If-None-Match" false, "The entity tag of a copy. The answer is 304 if it is current.",
        {"type": "string"};
}
