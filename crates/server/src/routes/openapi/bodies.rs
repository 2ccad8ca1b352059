//! The schemas of request bodies. Their fields are parsed from text, so that errors are precise; these are the schemas of
//! such texts.

use std::borrow::Cow;

use groups_domain::{Command, Description, DisplayName, GroupName, Note};
use groups_protocol::WEBHOOK_TYPES;
use groups_store::WEBHOOK_URL_BYTES_MAX;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::super::{
    add_members, admin, bans, change_role, create_group, development, invitations, join, links, requests, typing,
    update_group,
};
use crate::input::{MEMBERS_PER_REQUEST_MAX, MemberInput};

macro_rules! texts {
    ($($name:ident: $schema:tt;)*) => {
        $(
            pub(crate) struct $name;

            impl JsonSchema for $name {
                fn inline_schema() -> bool {
                    true
                }

                fn schema_name() -> Cow<'static, str> {
                    stringify!($name).into()
                }

                fn json_schema(_: &mut SchemaGenerator) -> Schema {
                    json_schema!($schema)
                }
            }
        )*
    };
}

const _: () = assert!(GroupName::CHARS_MAX == DisplayName::CHARS_MAX);

texts! {
    GroupId: {"$ref": "#/components/schemas/Uuid"};
    UserId: {"$ref": "#/components/schemas/UserId"};
    ChosenGroupId: {"$ref": "#/components/schemas/ChosenGroupId"};
    JoinPolicyInput: {"$ref": "#/components/schemas/JoinPolicy"};
    RoleInput: {"$ref": "#/components/schemas/Role"};
    TimeInput: {"type": "string", "format": "date-time"};
    NameInput: {"type": "string", "minLength": 1, "maxLength": (GroupName::CHARS_MAX)};
    DescriptionInput: {"type": "string", "maxLength": (Description::CHARS_MAX)};
    NoteInput: {"type": "string", "maxLength": (Note::CHARS_MAX)};
    SecondsInput: {"type": "integer", "minimum": 1, "maximum": (Command::EXPIRES_IN_SECONDS_MAX)};
    UsesInput: {"type": "integer", "minimum": 1, "maximum": (u32::MAX)};
    CursorInput: {"$ref": "#/components/schemas/Cursor"};
    UrlInput: {"type": "string", "format": "uri", "pattern": "^https?://", "maxLength": (WEBHOOK_URL_BYTES_MAX)};
    WebhookStateInput: {"$ref": "#/components/schemas/WebhookState"};
    EventTypesInput: {
        "type": "array", "minItems": 1, "description": "`group.*` stands for all that begin with `group.`. `user.catch_up` must be alone.",
        "items": {"type": "string", "enum": (std::iter::once("group.*").chain(WEBHOOK_TYPES).collect::<Vec<_>>())},
    };
}

/// The members that a request adds.
pub(crate) struct MembersInput;

impl JsonSchema for MembersInput {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "NewMembers".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let member = generator.subschema_for::<MemberInput>();
        json_schema!({"type": "array", "maxItems": MEMBERS_PER_REQUEST_MAX, "items": member})
    }
}

/// Either `user_id`, optionally with `role`, or `members`.
pub(crate) fn either(schema: &mut Schema) {
    let absent = json!({"type": "null"});
    let one = json!({"required": ["user_id"], "properties": {"user_id": {"type": "string"}, "members": absent}});
    let several = json!({
        "required": ["members"],
        "properties": {"members": {"type": "array", "minItems": 1}, "user_id": absent, "role": absent},
    });
    schema.insert("oneOf".to_owned(), json!([one, several]));
}

/// All schemas of requests, by name.
pub(super) fn schemas() -> Map<String, Value> {
    let settings = SchemaSettings::draft2020_12().for_deserialize();
    let settings = settings.with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut generator = settings.into_generator();
    generator.subschema_for::<create_group::Body>();
    generator.subschema_for::<update_group::Body>();
    generator.subschema_for::<add_members::Body>();
    generator.subschema_for::<change_role::Body>();
    generator.subschema_for::<invitations::Body>();
    generator.subschema_for::<requests::Body>();
    generator.subschema_for::<bans::Body>();
    generator.subschema_for::<links::Body>();
    generator.subschema_for::<join::Body>();
    generator.subschema_for::<typing::Body>();
    generator.subschema_for::<development::Body>();
    generator.subschema_for::<admin::create_group::Body>();
    generator.subschema_for::<admin::set_name::Body>();
    generator.subschema_for::<admin::disconnect::Body>();
    generator.subschema_for::<admin::check::Body>();
    generator.subschema_for::<admin::webhooks::create::Body>();
    generator.subschema_for::<admin::webhooks::update::Body>();
    generator.subschema_for::<admin::webhooks::replay::Body>();
    generator.take_definitions(true)
}
