//! All operations of the HTTP interface.

use actix_web::http::Method;
use serde_json::{Value, json};

use super::operation::Operation;
use super::parameters::Parameter::*;
use crate::Code;

const ADA: &str = "f7a54a9e-b01a-593f-8b27-0307af030bbc";
const BOB: &str = "01a206fc-a2ba-74e0-b762-1f02155aaf9f";

const GROUPS: &str = "Groups";
const WAYS_IN: &str = "Ways into a group";
const USERS: &str = "Users";
const SOCKET: &str = "WebSocket";
const OPERATORS: &str = "Operators";
const DEVELOPMENT: &str = "Development mode";
const SERVER: &str = "Server";

/// The tags with their descriptions, in the order of the document.
pub(super) const TAGS: [(&str, &str); 7] = [
    (GROUPS, "Groups, their members and their history."),
    (WAYS_IN, "Invitations, requests to join, bans and links. `docs/ways-in.md` in the repository explains them."),
    (USERS, "The caller, and other users."),
    (SOCKET, "The messages are described in the AsyncAPI document, `/asyncapi.json`."),
    (OPERATORS, "For backends and operators of the service. The token needs the scope `groups:admin`."),
    (DEVELOPMENT, "Only if no key for tokens is set; 404 otherwise. Only on the machine of the server."),
    (SERVER, "Health, metrics, these documents, and the page. They need no token, and have no rate limits."),
];

pub(super) fn operations() -> Vec<Operation> {
    let shared = [one_group(), ways_into_a_group()].concat();
    let for_operators = shared.iter().map(Operation::for_operators).collect();
    let all = [groups(), shared, entering(), users(), socket(), for_operators, operators(), development(), server()];
    all.into_iter().chain([super::webhooks::operations(OPERATORS)]).flatten().collect()
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
        .codes(&[Code::GroupNotFound, Code::AlreadyMember, Code::Banned, Code::InvalidRole])
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
        Operation::changes(
            Method::PATCH,
            group,
            "updateGroup",
            GROUPS,
            "Change the name, the description and the join policy",
        )
        .takes(&[GroupId])
        .with_body("GroupSettings", true, json!({"name": "Launch Team"}))
        .idempotent()
        .versioned()
        .codes(&[Code::GroupNotFound, Code::InvalidName, Code::InvalidDescription, Code::InvalidJoinPolicy])
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

/// The lists of one group that only admins see, which users and operators share.
fn ways_into_a_group() -> Vec<Operation> {
    let invitations = "/v1/groups/{group_id}/invitations";
    let invitation = "/v1/groups/{group_id}/invitations/{user_id}";
    let requests = "/v1/groups/{group_id}/requests";
    let request = "/v1/groups/{group_id}/requests/{user_id}";
    let approve = "/v1/groups/{group_id}/requests/{user_id}/approve";
    let bans = "/v1/groups/{group_id}/bans";
    let ban = "/v1/groups/{group_id}/bans/{user_id}";
    let links = "/v1/groups/{group_id}/links";
    let link = "/v1/groups/{group_id}/links/{link_id}";
    let replayed = &["Idempotency-Replayed"];
    let changed = &["ETag", "Idempotency-Replayed"];
    let list = |path, id, summary, schema| {
        Operation::reads(path, id, WAYS_IN, summary)
            .described("Oldest first. Only for admins and the owner.")
            .takes(&[GroupId, Limit, After])
            .codes(&[Code::GroupNotFound, Code::Forbidden])
            .json(200, "A page.", &[], schema)
    };
    let change = |method, path, id, summary| {
        let change = Operation::changes(method, path, id, WAYS_IN, summary).takes(&[GroupId]);
        change.idempotent().versioned().codes(&[Code::GroupNotFound])
    };
    vec![
        list(invitations, "listInvitations", "List the invitations", "GroupInvitationPage"),
        change(Method::POST, invitations, "invite", "Invite a user")
            .described("A user who has asked to join becomes a member. A user who is invited stays invited as before.")
            .with_body("NewInvitation", true, json!({"user_id": BOB, "expires_in_seconds": 604_800}))
            .codes(&[Code::AlreadyMember, Code::Banned, Code::InvalidRole, Code::InvalidExpiry])
            .codes(&[Code::TooManyInvitations, Code::TooManyMembers, Code::TooManyGroups])
            .json(201, "The invitation.", changed, "GroupInvitation")
            .json(200, "The invitation from before, or the member.", changed, "InvitedBefore"),
        change(Method::DELETE, invitation, "endInvitation", "Withdraw an invitation, or decline")
            .takes(&[InvitedId])
            .codes(&[Code::InvitationNotFound])
            .empty(204, "There is no invitation.", replayed),
        list(requests, "listJoinRequests", "List the requests to join", "GroupJoinRequestPage"),
        change(Method::POST, approve, "approveJoinRequest", "Let in a user who has asked to join")
            .takes(&[UserId])
            .with_body("Approval", false, json!({"role": "member"}))
            .codes(&[Code::RequestNotFound, Code::InvalidRole, Code::TooManyMembers, Code::TooManyGroups])
            .json(200, "The new member.", changed, "Member"),
        change(Method::DELETE, request, "declineJoinRequest", "Turn down a user who has asked to join")
            .takes(&[UserId])
            .codes(&[Code::RequestNotFound])
            .empty(204, "There is no request.", replayed),
        list(bans, "listBans", "List the bans", "BanPage"),
        change(Method::PUT, ban, "ban", "Ban a user")
            .described("A member is removed by the same change. A ban from before stays as it is.")
            .takes(&[UserId])
            .with_body("NewBan", false, json!({"reason": "Advertising"}))
            .codes(&[Code::InvalidReason, Code::OwnerMustTransfer, Code::TooManyBans])
            .json(200, "The ban.", changed, "Ban"),
        change(Method::DELETE, ban, "unban", "Lift a ban").takes(&[UserId]).empty(204, "There is no ban.", replayed),
        list(links, "listLinks", "List the links", "LinkPage"),
        change(Method::POST, links, "createLink", "Create a link into the group")
            .described("The answer is the only one with the token. A repetition with the same key has the same token.")
            .with_body("NewLink", false, json!({"expires_in_seconds": 604_800, "uses_max": 10}))
            .codes(&[Code::InvalidRole, Code::InvalidExpiry, Code::InvalidUsesMax, Code::TooManyLinks])
            // Only long after the first use of a key.
            .codes(&[Code::LinkNotFound])
            .json(201, "The link, with its token.", changed, "CreatedLink"),
        change(Method::DELETE, links, "revokeLinks", "Revoke all links").empty(204, "There are no links.", replayed),
        Operation::reads(link, "getLink", WAYS_IN, "Read a link")
            .takes(&[GroupId, LinkId])
            .codes(&[Code::GroupNotFound, Code::Forbidden, Code::LinkNotFound])
            .json(200, "The link.", &[], "Link"),
        change(Method::DELETE, link, "revokeLink", "Revoke a link")
            .takes(&[LinkId])
            .codes(&[Code::LinkNotFound])
            .empty(204, "There is no link.", replayed),
    ]
}

/// What people do for themselves who are not members.
fn entering() -> Vec<Operation> {
    let join = "/v1/groups/{group_id}/join";
    let accept = "/v1/groups/{group_id}/invitations/me/accept";
    let token = "/v1/join/{token}";
    let joined = |operation: Operation| {
        let full = [Code::TooManyMembers, Code::TooManyGroups];
        operation.idempotent().versioned().codes(&full).json(
            200,
            "The caller is a member of the group.",
            &["ETag", "Idempotency-Replayed"],
            "Group",
        )
    };
    let asked = |operation: Operation| {
        operation
            .with_body("NewJoinRequest", false, json!({"message": "Bob sent me."}))
            .codes(&[Code::InvalidMessage, Code::TooManyRequestsToJoin])
            .json(202, "The caller has asked to join.", &["Idempotency-Replayed"], "Requested")
    };
    vec![
        Operation::reads("/v1/invitations", "listOwnInvitations", WAYS_IN, "List the invitations of the caller")
            .described("Newest group first.")
            .takes(&[Limit, After])
            .json(200, "A page.", &[], "InvitationPage"),
        joined(Operation::changes(Method::POST, accept, "acceptInvitation", WAYS_IN, "Accept an invitation"))
            .takes(&[GroupId])
            .codes(&[Code::InvitationNotFound]),
        Operation::reads("/v1/requests", "listOwnJoinRequests", WAYS_IN, "List the requests to join of the caller")
            .described("Newest group first.")
            .takes(&[Limit, After])
            .json(200, "A page.", &[], "JoinRequestPage"),
        asked(joined(Operation::changes(Method::POST, join, "join", WAYS_IN, "Join a group, or ask to join")))
            .described("As the join policy of the group says. A user with an invitation joins with it.")
            .takes(&[GroupId])
            .codes(&[Code::GroupNotFound]),
        Operation::changes(Method::DELETE, join, "withdrawJoinRequest", WAYS_IN, "Take back a request to join")
            .takes(&[GroupId])
            .idempotent()
            .versioned()
            .codes(&[Code::RequestNotFound])
            .empty(204, "There is no request.", &["Idempotency-Replayed"]),
        Operation::reads(token, "previewLink", WAYS_IN, "Read where a link leads")
            .takes(&[LinkToken])
            .codes(&[Code::LinkNotFound])
            .json(200, "The group, as outsiders see it.", &[], "LinkPreview"),
        asked(joined(Operation::changes(Method::POST, token, "useLink", WAYS_IN, "Join or ask to join with a link")))
            .takes(&[LinkToken])
            .codes(&[Code::LinkNotFound]),
        Operation::reads("/v1/directory", "searchDirectory", WAYS_IN, "Search the groups that outsiders can join")
            .described(
                "Groups with the join policy `open` or `request`, sorted by name. 404 `not_found` if the server has no \
                 directory.",
            )
            .takes(&[NamePrefix, Limit, After])
            .codes(&[Code::NotFound])
            .json(200, "A page.", &[], "DirectoryPage"),
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
        Operation::reads("/v1/events", "readEvents", SOCKET, "Read events without a WebSocket")
            .described(
                "For clients that cannot use a WebSocket. With `Accept: text/event-stream`, the messages of the WebSocket as \
                 server-sent events. Otherwise what was missed since `cursor`: at once, or after at most `wait` seconds if \
                 nothing was missed.",
            )
            .takes(&[Cursor, WaitForEvents])
            .accepts(&[LastEventId])
            .answers(
                200,
                "The events.",
                &[],
                json!({
                    "application/json": {"schema": {"$ref": "#/components/schemas/CatchUp"}},
                    "text/event-stream": {"schema": {"type": "string"}},
                }),
            ),
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
        file("/join/{token}", "getJoinPage", "The page, for users who follow a link", &["text/html; charset=utf-8"])
            .accepts(&[LinkToken]),
        file("/docs", "getDocs", "The page that shows these documents", &["text/html; charset=utf-8"]),
        file("/assets/{path}", "getAsset", "A file of the page, or of the browser library", &assets)
            .accepts(&[File])
            .codes(&[Code::NotFound]),
    ]
}
