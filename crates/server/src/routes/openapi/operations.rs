//! All operations of the HTTP interface.

use actix_web::http::Method;
use serde_json::{Value, json};

use super::operation::Operation;
use super::parameters::Parameter::*;
use crate::Code;

const ADA: &str = "f7a54a9e-b01a-593f-8b27-0307af030bbc";
const BOB: &str = "01a206fc-a2ba-74e0-b762-1f02155aaf9f";

const GROUPS: &str = "Groups";
const USERS: &str = "Users";
const SOCKET: &str = "WebSocket";
const OPERATORS: &str = "Operators";
const DEVELOPMENT: &str = "Development mode";
const SERVER: &str = "Server";

/// The tags with their descriptions, in the order of the document.
pub(super) const TAGS: [(&str, &str); 6] = [
    (GROUPS, "Groups, their members and their history."),
    (USERS, "The caller, and other users."),
    (SOCKET, "The messages are described in the AsyncAPI document, `/asyncapi.json`."),
    (OPERATORS, "For backends and operators of the service. The token needs the scope `groups:admin`."),
    (DEVELOPMENT, "Only if no key for tokens is set; 404 otherwise. Only on the machine of the server."),
    (SERVER, "Health, metrics, these documents, and the page. They need no token, and have no rate limits."),
];

pub(super) fn operations() -> Vec<Operation> {
    let one_group = one_group();
    let for_operators = one_group.iter().map(Operation::for_operators);
    let all = [groups(), one_group.clone(), users(), socket(), for_operators.collect(), operators(), development()];
    all.into_iter().chain([server()]).flatten().collect()
}

fn groups() -> Vec<Operation> {
    let create = |path, id| {
        let example = json!({"name": "Project Team", "members": [{"user_id": BOB, "role": "admin"}]});
        Operation::changes(Method::POST, path, id, GROUPS, "Create a group")
            .described("The caller becomes the owner. Initial members join in the same change; all or nothing.")
            .with_body("NewGroup", true, example)
            .idempotent()
            .codes(&[Code::InvalidName, Code::InvalidDescription, Code::InvalidRole])
            .codes(&[Code::TooManyMembers, Code::TooManyGroups])
            .json(201, "The group.", &["Location", "ETag", "Idempotency-Replayed"], "Group")
    };
    let create = |path, id| {
        let create: Operation = create(path, id);
        one_group().iter().fold(create, |create, to| create.linked(to, "group_id"))
    };
    vec![
        create("/v1/groups", "createGroup"),
        create("/v1/groups/create", "createGroupAlias"),
        Operation::reads("/v1/groups", "listGroups", GROUPS, "List the groups of the caller")
            .described("Newest first.")
            .takes(&[Limit, After])
            .json(200, "A page.", &[], "GroupPage"),
        add_members("/v1/groups/add-member/{group_id}", "addMembersAlias"),
        Operation::changes(Method::POST, "/v1/groups/{group_id}/typing", "setTyping", GROUPS, "Start or stop typing")
            .described("Tells the other members over their WebSockets.")
            .takes(&[GroupId])
            .with_body("TypingState", true, json!({"typing": true}))
            .codes(&[Code::GroupNotFound])
            .empty(202, "The other members are told.", &[]),
    ]
}

fn add_members(path: &str, id: &str) -> Operation {
    Operation::changes(Method::POST, path, id, GROUPS, "Add members")
        .described(
            "Either one user, with `user_id` and optionally `role`: if the user cannot be added, the request fails. Or \
             several, with `members`: those who cannot join do not keep the others from joining.",
        )
        .takes(&[GroupId])
        .with_body("NewMembers", true, json!({"user_id": BOB, "role": "member"}))
        .idempotent()
        .versioned()
        .codes(&[Code::GroupNotFound, Code::AlreadyMember, Code::InvalidRole])
        .codes(&[Code::TooManyMembers, Code::TooManyGroups])
        .json(201, "The group, and what happened to each user.", &["ETag", "Idempotency-Replayed"], "Added")
}

/// The paths of one group, which users and operators share.
fn one_group() -> Vec<Operation> {
    let group = "/v1/groups/{group_id}";
    let members = "/v1/groups/{group_id}/members";
    let member = "/v1/groups/{group_id}/members/{user_id}";
    let replayed = &["Idempotency-Replayed"];
    vec![
        Operation::reads(group, "getGroup", GROUPS, "Read a group")
            .takes(&[GroupId])
            .codes(&[Code::GroupNotFound])
            .json(200, "The group.", &["ETag"], "Group"),
        Operation::changes(Method::PATCH, group, "updateGroup", GROUPS, "Change the name and description")
            .takes(&[GroupId])
            .with_body("GroupSettings", true, json!({"name": "Launch Team"}))
            .idempotent()
            .versioned()
            .codes(&[Code::GroupNotFound, Code::InvalidName, Code::InvalidDescription])
            .json(200, "The group.", &["ETag", "Idempotency-Replayed"], "Group"),
        Operation::changes(Method::DELETE, group, "deleteGroup", GROUPS, "Delete a group for all members")
            .takes(&[GroupId])
            .idempotent()
            .versioned()
            .codes(&[Code::GroupNotFound])
            .empty(204, "The group is deleted.", replayed),
        Operation::reads(members, "listMembers", GROUPS, "List the members")
            .described("In order of joining.")
            .takes(&[GroupId, Limit, After])
            .codes(&[Code::GroupNotFound])
            .json(200, "A page.", &[], "MemberPage"),
        add_members(members, "addMembers"),
        Operation::changes(Method::PATCH, member, "changeRole", GROUPS, "Change the role of a member")
            .described("The role `owner` transfers the ownership.")
            .takes(&[GroupId, MemberId])
            .with_body("RoleChange", true, json!({"role": "admin"}))
            .idempotent()
            .versioned()
            .codes(&[Code::GroupNotFound, Code::MemberNotFound, Code::OwnerMustTransfer, Code::InvalidRole])
            .json(200, "The member.", &["ETag", "Idempotency-Replayed"], "Member"),
        Operation::changes(Method::DELETE, member, "removeMember", GROUPS, "Remove a member, or leave")
            .described("With the caller's own id or `me`, the caller leaves the group.")
            .takes(&[GroupId, MemberId, Successor])
            .idempotent()
            .versioned()
            .codes(&[Code::GroupNotFound, Code::MemberNotFound, Code::OwnerMustTransfer])
            .empty(204, "The user is not a member.", replayed),
        Operation::reads("/v1/groups/{group_id}/changes", "listChanges", GROUPS, "Read the history")
            .described("Oldest change first. Only for admins and the owner.")
            .takes(&[GroupId, Limit, Version])
            .codes(&[Code::GroupNotFound, Code::Forbidden])
            .json(200, "A page.", &[], "ChangePage"),
    ]
}

fn users() -> Vec<Operation> {
    let blocked = "/v1/me/blocks/{user_id}";
    let without_body = [Code::RequestTimeout, Code::PayloadTooLarge];
    let change = |method, id, summary| {
        let mut operation = Operation::changes(method, blocked, id, USERS, summary).takes(&[UserId]);
        operation.codes.retain(|code| !without_body.contains(code));
        operation
    };
    vec![
        Operation::reads("/v1/me", "getMe", USERS, "Read the calling user")
            .described("Also a check of the token.")
            .json(200, "The caller.", &[], "Me"),
        Operation::reads("/v1/users", "searchUsers", USERS, "Search users who share a group with the caller")
            .described("Sorted by name.")
            .takes(&[NamePrefix, Limit])
            .json(200, "The users.", &[], "Users"),
        Operation::reads("/v1/me/blocks", "listBlocks", USERS, "List the blocked users")
            .described("Users who cannot add the caller to groups, sorted by id.")
            .takes(&[Limit, After])
            .json(200, "A page.", &[], "BlockPage"),
        change(Method::PUT, "blockUser", "Block being added by a user").codes(&[Code::TooManyBlocks]).empty(
            204,
            "The user is blocked.",
            &[],
        ),
        change(Method::DELETE, "unblockUser", "Unblock a user").empty(204, "The user is not blocked.", &[]),
    ]
}

fn socket() -> Vec<Operation> {
    vec![
        Operation::reads("/v1/ws", "openWebSocket", SOCKET, "Open the WebSocket")
            .described(
                "A WebSocket upgrade (RFC 6455). The token is in `Authorization`, or in the subprotocols `groups.v1` and \
                 `bearer.<JWT>`.",
            )
            .takes(&[Cursor])
            .codes(&[Code::Forbidden, Code::UpgradeRequired])
            .empty(101, "The connection is a WebSocket now.", &[]),
    ]
}

fn operators() -> Vec<Operation> {
    let user = "/v1/admin/users/{user_id}";
    let new_group = json!({"owner_id": ADA, "name": "Project Team", "members": [{"user_id": BOB}]});
    let check = json!({"checks": [{"group_id": BOB, "user_id": ADA, "role": "admin"}]});
    let job = Operation::reads("/v1/admin/jobs/{job_id}", "adminGetJob", OPERATORS, "Read how far a job is")
        .takes(&[JobId])
        .codes(&[Code::JobNotFound])
        .json(200, "The job.", &[], "Job");
    let create = Operation::changes(
        Method::POST,
        "/v1/admin/groups",
        "adminCreateGroup",
        OPERATORS,
        "Create a group for a user",
    )
    .with_body("NewGroupForUser", true, new_group)
    .idempotent()
    .codes(&[Code::GroupExists, Code::InvalidName, Code::InvalidDescription, Code::InvalidRole])
    .codes(&[Code::TooManyMembers, Code::TooManyGroups])
    .json(201, "The group.", &["Location", "ETag", "Idempotency-Replayed"], "Group");
    let create = one_group().iter().fold(create, |create, to| create.linked(&to.for_operators(), "group_id"));
    let all = [
        create,
        Operation::reads("/v1/admin/groups", "adminFindGroups", OPERATORS, "Find groups by name or by user")
            .described("By name, sorted by name; or all groups of one user, newest first.")
            .takes(&[NamePrefix, OwnerOfGroups, Limit, After])
            .json(200, "A page. `cursor` is only present with `user_id`.", &[], "AnyGroupPage"),
        Operation::reads("/v1/admin/users", "adminFindUsers", OPERATORS, "Find users by subject or by name")
            .described("The user id of a subject; or the users whose name begins with `query`, sorted by name.")
            .takes(&[Subject, Issuer, UserName, Limit])
            .json(200, "The user of the subject, or users.", &[], "SubjectOrUsers"),
        Operation::changes(Method::PUT, user, "adminSetName", OPERATORS, "Set the display name of a user")
            .described("A token that is issued later and has a name replaces it.")
            .takes(&[UserId])
            .with_body("NewName", true, json!({"name": "Ada"}))
            .codes(&[Code::InvalidName])
            .json(200, "The user.", &[], "User"),
        Operation::changes(Method::DELETE, user, "adminRemoveUser", OPERATORS, "Remove or erase a user")
            .described("Starts a job.")
            .takes(&[UserId, Mode])
            .idempotent()
            .json(202, "The job.", &["Idempotency-Replayed"], "JobCreated")
            .linked(&job, "job_id"),
        Operation::changes(
            Method::POST,
            "/v1/admin/users/{user_id}/disconnect",
            "adminDisconnectUser",
            OPERATORS,
            "Close the connections of a user",
        )
        .described("On all servers, with the close code 4500. With `not_before`, older tokens are refused as well.")
        .takes(&[UserId])
        .with_body("Disconnection", false, json!({"not_before": "2026-11-23T05:59:10.065Z"}))
        .empty(204, "The connections are closed.", &[]),
        Operation::reads("/v1/admin/changes", "adminReadLog", OPERATORS, "Read the log of all groups")
            .described("In commit order, at least once. `next` is never `null`.")
            .takes(&[After, Limit, Wait])
            .codes(&[Code::CursorExpired])
            .json(200, "A page.", &[], "LogPage"),
        Operation::changes(Method::POST, "/v1/admin/check", "adminCheck", OPERATORS, "Check up to 1,000 memberships")
            .described("With `at_least`, the answer is 503 until the database contains every change up to it.")
            .with_body("Checks", true, check)
            .codes(&[Code::InvalidRole])
            .json(200, "One answer for each question, in the same order.", &[], "CheckResults"),
        Operation::reads("/v1/admin/stats", "adminGetStats", OPERATORS, "Count groups, memberships and connections")
            .json(200, "The counts.", &[], "Stats"),
        job,
    ];
    all.into_iter().map(Operation::operators).collect()
}

fn development() -> Vec<Operation> {
    let mut sign_in = Operation::changes(Method::POST, "/v1/dev/login", "devSignIn", DEVELOPMENT, "Sign in by name")
        .described("The same name is the same user.")
        .with_body("SignIn", true, json!({"name": "Ada"}))
        .codes(&[Code::NotFound, Code::InvalidName, Code::MisdirectedRequest])
        .json(200, "A token for 12 hours.", &[], "Login");
    sign_in.codes.retain(|code| *code != Code::Unauthenticated);
    sign_in.token = super::operation::Token::None;
    vec![
        sign_in,
        Operation::reads("/v1/dev/people", "devFindPeople", DEVELOPMENT, "Find users who have signed in")
            .codes(&[Code::MisdirectedRequest])
            .described("At most 20.")
            .takes(&[DevelopmentQuery])
            .codes(&[Code::NotFound, Code::Forbidden])
            .json(200, "The users.", &[], "People"),
    ]
}

fn server() -> Vec<Operation> {
    let get = |path, id, summary| Operation::open(Method::GET, path, id, SERVER, summary);
    let file = |path, id, summary, kinds: &[&str]| {
        let content: Value = kinds.iter().map(|kind| (kind.to_string(), json!({}))).collect();
        let headers = &["ETag", "Cache-Control"];
        let operation = get(path, id, summary).accepts(&[IfNoneMatch]);
        operation.answers(200, "The file.", headers, content).empty(304, "The copy is current.", headers)
    };
    let assets = ["text/javascript; charset=utf-8", "text/css; charset=utf-8", "image/svg+xml"];
    let metrics =
        ["text/plain; version=0.0.4; charset=utf-8", "application/openmetrics-text; version=1.0.0; charset=utf-8"];
    let metrics: Value = metrics.iter().map(|kind| (kind.to_string(), json!({"schema": {"type": "string"}}))).collect();
    vec![
        get("/healthz", "isAlive", "Liveness").json(200, "The process is running.", &[], "Alive"),
        get("/readyz", "isReady", "Readiness")
            .codes(&[Code::Unavailable])
            .described("503 while the server starts, stops, or has no database. Then the problem has `components`.")
            .json(200, "The server is ready.", &[], "Ready"),
        get("/metrics", "readMetrics", "Metrics for Prometheus")
            .described("Not here if the server has an address of its own for operators.")
            .codes(&[Code::Internal])
            .answers(200, "All metrics, in the format that the client accepts.", &[], metrics),
        file("/openapi.json", "getOpenApi", "This document", &["application/json"]),
        file("/asyncapi.json", "getAsyncApi", "The messages of the WebSocket", &["application/json"]),
        file("/", "getPage", "The page", &["text/html; charset=utf-8"]),
        file("/docs", "getDocs", "The page that shows these documents", &["text/html; charset=utf-8"]),
        file("/assets/{path}", "getAsset", "A file of the page, or of the browser library", &assets)
            .accepts(&[File])
            .codes(&[Code::NotFound]),
    ]
}
