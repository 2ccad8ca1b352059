//! Checks the structure of messages and bodies against sections 2 and 4 of the contract.

use serde_json::Value;

/// Events that contain the whole group.
const WITH_GROUP: [&str; 4] = ["group_created", "added_to_group", "group_updated", "role_changed"];

/// In place of an actor whom the receiver is not told.
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

/// Panics if this is not a group. `role` is the reader's own role, present only in responses for
/// one reader.
#[track_caller]
pub(crate) fn assert_group(group: &Value, with_role: bool) {
    if let Err(what) = group_shape(group, with_role) {
        panic!("{what}: {group}");
    }
}

/// Panics if this is not a valid time: RFC 3339, UTC, milliseconds.
#[track_caller]
pub(crate) fn assert_time(value: &Value) {
    assert!(time(value), "{value} is not a time of the wire");
}

/// Returns what is wrong with an event that `user_id` received, if anything.
pub(crate) fn check_event(event: &Value, user_id: &str) -> Result<(), String> {
    check(event, user_id).map_err(|what| format!("{what}: {event}"))
}

fn check(event: &Value, user_id: &str) -> Result<(), String> {
    let kind = event["type"].as_str().ok_or("no type")?;
    need(uuid(&event["group_id"]), "group_id")?;
    need(uuid(&event["actor_id"]), "actor_id")?;
    need(event["version"].as_u64().is_some_and(|version| version >= 1), "version")?;
    need(event["cursor"].as_str().is_some_and(|cursor| !cursor.is_empty()), "cursor")?;
    need(time(&event["at"]), "at")?;
    if WITH_GROUP.contains(&kind) {
        let group = &event["group"];
        group_shape(group, false)?;
        need(group["group_id"] == event["group_id"], "group.group_id")?;
        need(group["version"] == event["version"], "group.version")?;
    }
    let group = &event["group"];
    match kind {
        "group_created" => {
            need(event["version"] == 1, "version of a new group")?;
            for field in ["name", "description", "admin_id"] {
                need(event[field].is_string() && event[field] == group[field], field)?;
            }
            need(event["admin_id"] == user_id && event["actor_id"] == user_id, "the creator")?;
            need(event["role"] == "owner", "role")
        }
        "added_to_group" => {
            need(event["group_name"] == group["name"], "group_name")?;
            need(event["added_by"] == event["actor_id"], "added_by")?;
            // Users who join on their own are the actor.
            let own = matches!(event["via"].as_str(), Some("invitation" | "link" | "open"));
            need((event["added_by"] == user_id) == own, "added_by or via")?;
            let owner = event["role"] == "owner" && event["operator"] == true;
            need(owner || event["role"] == "admin" || event["role"] == "member", "role")
        }
        "group_updated" => check_action(event),
        "role_changed" => {
            need(event["group_name"] == group["name"], "group_name")?;
            need(event["changed_by"] == event["actor_id"], "changed_by")?;
            need(role(&event["role"]) && role(&event["previous_role"]), "roles")?;
            need(event["role"] != event["previous_role"], "a role that changed")?;
            need((event["role"] == "owner") == (group["admin_id"] == user_id), "the owner")
        }
        "removed_from_group" => {
            need(event["group_name"].is_string(), "group_name")?;
            need(event["removed_by"] == event["actor_id"], "removed_by")?;
            let left = event["removed_by"] == user_id;
            let reasons: &[&str] = if left { &["left"] } else { &["removed", "banned"] };
            need(reasons.iter().any(|reason| event["reason"] == *reason), "reason")
        }
        "group_deleted" => {
            need(event["group_name"].is_string(), "group_name")?;
            need(event["deleted_by"] == event["actor_id"], "deleted_by")
        }
        "invited_to_group" => {
            preview(&event["group"])?;
            need(event["group"]["group_id"] == event["group_id"], "group.group_id")?;
            need(event["invited_by"] == event["actor_id"] && event["invited_by"] != user_id, "invited_by")?;
            need(event["role"] == "admin" || event["role"] == "member", "role")?;
            need(end(event), "expires_at")
        }
        "join_requested" => {
            preview(&event["group"])?;
            need(event["group"]["group_id"] == event["group_id"], "group.group_id")?;
            need(event["actor_id"] == user_id, "who has asked")
        }
        "invitation_ended" | "join_request_ended" => {
            need(event["group_name"].is_string() && event.get("group").is_none(), "group_name")?;
            need(ended(&event["reason"]), "reason")
        }
        _ => Err("an unknown type".into()),
    }
}

fn check_action(event: &Value) -> Result<(), String> {
    match event["action"].as_str().ok_or("no action")? {
        "member_added" | "role_changed" => {
            need(uuid(&event["user_id"]), "user_id")?;
            let owner = event["role"] == "owner" && event["operator"] == true;
            need(owner || event["role"] == "admin" || event["role"] == "member", "role")
        }
        "members_added" => {
            let count = event["count"].as_u64().ok_or("count")?;
            match event["user_ids"].as_array() {
                Some(ids) => need(count <= 100 && ids.len() as u64 == count && ids.iter().all(uuid), "user_ids"),
                None => need(count > 100, "user_ids are missing"),
            }
        }
        "member_removed" => need(uuid(&event["user_id"]) && event["user_id"] != event["actor_id"], "user_id"),
        "member_left" => need(event["user_id"] == event["actor_id"], "user_id"),
        "owner_changed" => need(event["user_id"] == event["group"]["admin_id"], "user_id"),
        "settings_changed" => Ok(()),
        "access_changed" => {
            let known = ["type", "group_id", "version", "cursor", "at", "actor_id", "operator", "action", "group"];
            let fields = event.as_object().map(|fields| fields.keys().all(|field| known.contains(&field.as_str())));
            need(fields == Some(true) && event["actor_id"] == NOBODY, "fields for plain members")
        }
        "invited" => {
            need(uuid(&event["user_id"]) && end(event), "invitation")?;
            need(event["role"] == "admin" || event["role"] == "member", "role")
        }
        "invitation_ended" | "join_request_ended" => need(uuid(&event["user_id"]) && ended(&event["reason"]), "reason"),
        "join_requested" => need(uuid(&event["user_id"]) && event["user_id"] == event["actor_id"], "user_id"),
        "banned" | "unbanned" => need(uuid(&event["user_id"]), "user_id"),
        "link_created" => need(uuid(&event["link_id"]) && event.get("token").is_none() && end(event), "link"),
        "link_revoked" => need(event["link_ids"].as_array().is_some_and(|ids| ids.iter().all(uuid)), "link_ids"),
        _ => Err("an unknown action".into()),
    }
}

fn group_shape(group: &Value, with_role: bool) -> Result<(), String> {
    need(uuid(&group["group_id"]), "group_id")?;
    need(group["name"].as_str().is_some_and(|name| !name.is_empty()), "name")?;
    need(group["description"].is_string(), "description")?;
    need(uuid(&group["admin_id"]), "admin_id")?;
    need(group["member_count"].as_u64().is_some_and(|count| count >= 1), "member_count")?;
    need(group["version"].as_u64().is_some_and(|version| version >= 1), "version")?;
    need(time(&group["created_at"]) && time(&group["updated_at"]), "times")?;
    let policies = ["closed", "request", "open"];
    need(
        group["join_policy"].is_null() || policies.iter().any(|policy| group["join_policy"] == *policy),
        "join_policy",
    )?;
    need(group["updated_at"].as_str() >= group["created_at"].as_str(), "updated_at before created_at")?;
    match with_role {
        true => need(role(&group["role"]), "role"),
        false => need(group.get("role").is_none(), "a role where there is no one reader"),
    }
}

fn preview(group: &Value) -> Result<(), String> {
    let known = ["group_id", "name", "description", "member_count", "join_policy"];
    let fields = group.as_object().map(|fields| fields.keys().map(String::as_str).collect::<Vec<_>>());
    let mut fields = fields.ok_or("no preview")?;
    fields.sort_by_key(|field| known.iter().position(|known| known == field));
    need(fields == known, "fields of a preview")?;
    need(group["name"].as_str().is_some_and(|name| !name.is_empty()), "name")
}

fn end(event: &Value) -> bool {
    event.get("expires_at").is_some_and(|end| end.is_null() || time(end))
}

fn ended(reason: &Value) -> bool {
    ["withdrawn", "declined", "expired", "banned"].iter().any(|known| reason == known)
}

fn need(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("wrong {what}")) }
}

fn role(value: &Value) -> bool {
    ["owner", "admin", "member"].iter().any(|role| value == role)
}

fn uuid(value: &Value) -> bool {
    let Some(text) = value.as_str() else { return false };
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

fn time(value: &Value) -> bool {
    const PATTERN: &[u8] = b"0000-00-00T00:00:00.000Z";
    let Some(text) = value.as_str() else { return false };
    text.len() == PATTERN.len()
        && text
            .bytes()
            .zip(PATTERN)
            .all(|(byte, like)| if *like == b'0' { byte.is_ascii_digit() } else { byte == *like })
}
