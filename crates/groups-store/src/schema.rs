//! The tables: one description for both backends.

diesel::table! {
    meta (name) {
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::column::sql::Id;

    groups (id) {
        id -> Id,
        name -> Text,
        description -> Text,
        owner_id -> Id,
        member_count -> BigInt,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        deleted_version -> Nullable<BigInt>,
        join_policy -> SmallInt,
        invitations -> BigInt,
        join_requests -> BigInt,
        bans -> BigInt,
        links -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::column::sql::Id;

    standings (group_id, user_id, since_version) {
        group_id -> Id,
        user_id -> Id,
        since_version -> BigInt,
        kind -> SmallInt,
        role -> SmallInt,
        actor_id -> Id,
        note -> Text,
        at -> BigInt,
        expires_at -> Nullable<BigInt>,
        ended_version -> Nullable<BigInt>,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::column::sql::Id;

    links (id) {
        id -> Id,
        group_id -> Id,
        created_version -> BigInt,
        role -> SmallInt,
        created_by -> Id,
        at -> BigInt,
        expires_at -> Nullable<BigInt>,
        uses_max -> Nullable<BigInt>,
        uses -> BigInt,
        approval -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::column::sql::Id;

    memberships (group_id, user_id, joined_version) {
        group_id -> Id,
        user_id -> Id,
        joined_version -> BigInt,
        ordinal -> BigInt,
        role -> SmallInt,
        joined_at -> BigInt,
        left_version -> Nullable<BigInt>,
        left_at -> Nullable<BigInt>,
        acted -> Bool,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::column::sql::{Commit, Id};

    log (seq) {
        seq -> BigInt,
        commit_id -> Commit,
        group_id -> Id,
        version -> BigInt,
        actor_id -> Id,
        at -> BigInt,
        format -> SmallInt,
        payload -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::column::sql::Id;

    idempotency (actor_id, key) {
        actor_id -> Id,
        key -> Text,
        fingerprint -> Binary,
        created_at -> BigInt,
        format -> SmallInt,
        answer -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::column::sql::Id;

    names (user_id) {
        user_id -> Id,
        name -> Text,
        name_key -> Text,
        issued_at -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::column::sql::Id;

    blocks (user_id, blocked_id) {
        user_id -> Id,
        blocked_id -> Id,
        at -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::column::sql::Id;

    revocations (user_id) {
        user_id -> Id,
        not_before -> BigInt,
        disconnected_at -> BigInt,
        kept_until -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::column::sql::Id;

    jobs (id) {
        id -> Id,
        kind -> SmallInt,
        state -> SmallInt,
        user_id -> Nullable<Id>,
        actor_id -> Id,
        fingerprint -> Nullable<Binary>,
        done -> BigInt,
        total -> BigInt,
        reason -> Nullable<Text>,
        created_at -> BigInt,
        finished_at -> Nullable<BigInt>,
        holder -> Nullable<Id>,
        leased_until -> BigInt,
    }
}

diesel::table! {
    sink_positions (name) {
        name -> Text,
        position -> Text,
        updated_at -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::column::sql::Id;

    /// Without `holder` and `leased_until`, which only plain SQL uses: Diesel's tuples have 16 columns.
    webhooks (id) {
        id -> Id,
        version -> BigInt,
        url -> Text,
        types -> Nullable<Text>,
        description -> Text,
        paused -> Nullable<SmallInt>,
        secret -> Binary,
        previous_secret -> Nullable<Binary>,
        previous_until -> Nullable<BigInt>,
        position -> Text,
        generation -> BigInt,
        failing_since -> Nullable<BigInt>,
        last_error -> Nullable<Text>,
        fingerprint -> Binary,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::column::sql::Id;

    webhook_attempts (webhook_id, seq) {
        webhook_id -> Id,
        seq -> BigInt,
        message_id -> Text,
        event_type -> Text,
        at -> BigInt,
        attempt -> BigInt,
        status -> Nullable<SmallInt>,
        error -> Nullable<Text>,
        duration_ms -> BigInt,
        response -> Nullable<Text>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(groups, memberships, standings, links, log, names);
