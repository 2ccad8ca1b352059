//! Invitations, requests to join, bans and links: each call once, and what a watch makes of it.

use std::num::NonZeroU32;
use std::time::Duration;

use groups_client::{
    Code, Effect, EventBody, GroupId, Invited, JoinPolicy, Joined, LeaveReason, LinkToken, NewGroup, NewInvitation,
    NewLink, NewMember, Page, PendingKind, Role, Settings, Update, UserId, Via, Watch,
};
use serde_json::json;

use crate::support::{Server, User, new_user, next_event, operator, until_live, within};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn group_of(ada: &User, policy: JoinPolicy) -> GroupId {
    let group_id = ada.client.groups().create(NewGroup::new("Team")).await.unwrap().group_id;
    let settings = Settings { join_policy: Some(policy), ..Settings::default() };
    assert_eq!(ada.client.group(group_id).update(settings).await.unwrap().join_policy, policy);
    group_id
}

/// What is pending in a list: the version and `invited` or `asked` for each.
fn pending(watch: &Watch) -> Vec<(u64, &'static str)> {
    let kind = |kind: &PendingKind| match kind {
        PendingKind::Invitation { .. } => "invited",
        PendingKind::JoinRequest { .. } => "asked",
    };
    watch.sidebar().pending().map(|pending| (pending.version.get(), kind(&pending.kind))).collect()
}

#[tokio::test]
async fn invitations_are_made_listed_withdrawn_declined_and_accepted() {
    let server = Server::start();
    let [ada, bob] = [(); 2].map(|()| User::of(&server));
    let group_id = group_of(&ada, JoinPolicy::Closed).await;
    let group = ada.client.group(group_id);

    let new = NewInvitation::plain(bob.id).role(Role::Admin).expires_in(DAY);
    let Invited::Invited(invitation) = group.invite(new.clone()).await.unwrap() else { panic!("an invitation") };
    assert_eq!((invitation.user_id, invitation.role, invitation.invited_by), (bob.id, Role::Admin, ada.id));
    assert!(invitation.expires_at.is_some());
    assert_eq!(group.invite(new.clone()).await.unwrap(), Invited::Invited(invitation.clone()), "it stays as it is");
    let carol = new_user();
    group.invite(NewInvitation::plain(carol)).await.unwrap();
    let listed = group.all_invitations().await.unwrap();
    assert_eq!(listed.iter().map(|invitation| invitation.user_id).collect::<Vec<_>>(), [bob.id, carol]);
    let page = group.invitations(Page { limit: Some(1), after: None }).await.unwrap();
    let page = group.invitations(Page { limit: Some(1), after: page.next }).await.unwrap();
    assert_eq!(page.invitations.first().map(|invitation| invitation.user_id), Some(carol));
    group.withdraw_invitation(carol).await.unwrap();
    assert_eq!(group.withdraw_invitation(carol).await.unwrap_err().code(), Some(Code::InvitationNotFound));

    let own = bob.client.invitations().all().await.unwrap();
    let [own] = &own[..] else { panic!("one invitation: {own:?}") };
    assert_eq!((own.group.group_id, &*own.group.name, own.role), (group_id, "Team", Role::Admin));
    bob.client.group(group_id).decline_invitation().await.unwrap();
    assert!(bob.client.invitations().all().await.unwrap().is_empty());
    group.invite(new).await.unwrap();
    let accepted = bob.client.group(group_id).accept_invitation().await.unwrap();
    assert_eq!((accepted.role, accepted.member_count), (Some(Role::Admin), 2));
    assert_eq!(group.invite(NewInvitation::plain(bob.id)).await.unwrap_err().code(), Some(Code::AlreadyMember));
}

#[tokio::test]
async fn requests_to_join_are_made_listed_withdrawn_declined_and_approved() {
    let server = Server::start();
    let [ada, bob, carol] = [(); 3].map(|()| User::of(&server));
    let group_id = group_of(&ada, JoinPolicy::Request).await;
    let group = ada.client.group(group_id);
    let asking = bob.client.group(group_id);

    assert!(matches!(asking.join(Some("Hello")).await.unwrap(), Joined::Requested(_)));
    let own = bob.client.join_requests().all().await.unwrap();
    assert_eq!(own.first().map(|request| request.message.as_deref()), Some(Some("Hello")));
    let requests = group.all_requests().await.unwrap();
    let [request] = &requests[..] else { panic!("one request: {requests:?}") };
    assert_eq!((request.user_id, request.role, request.message.as_deref()), (bob.id, Role::Member, Some("Hello")));
    asking.withdraw_request().await.unwrap();
    assert_eq!(asking.withdraw_request().await.unwrap_err().code(), Some(Code::RequestNotFound));
    asking.join(None).await.unwrap();
    group.decline_request(bob.id).await.unwrap();
    assert!(group.requests(Page::default()).await.unwrap().requests.is_empty());
    asking.join(None).await.unwrap();
    assert_eq!(group.approve_request(bob.id, Some(Role::Admin)).await.unwrap().role, Role::Admin);
    let Joined::Member(member) = asking.join(None).await.unwrap() else { panic!("a member") };
    assert_eq!(member.role, Some(Role::Admin));

    carol.client.group(group_id).join(None).await.unwrap();
    let Invited::LetIn(let_in) = group.invite(NewInvitation::plain(carol.id)).await.unwrap() else { panic!("let in") };
    assert_eq!((let_in.member.user_id, let_in.group.member_count), (carol.id, 3));
}

#[tokio::test]
async fn bans_are_made_listed_and_lifted() {
    let server = Server::start();
    let [ada, bob] = [(); 2].map(|()| User::of(&server));
    let group_id = group_of(&ada, JoinPolicy::Open).await;
    let group = ada.client.group(group_id);
    let Joined::Member(_) = bob.client.group(group_id).join(None).await.unwrap() else { panic!("a member") };
    let ban = group.ban(bob.id, Some("Spam")).await.unwrap();
    assert_eq!((ban.user_id, ban.banned_by, ban.reason.as_deref()), (bob.id, ada.id, Some("Spam")));
    assert_eq!(group.ban(bob.id, None).await.unwrap().reason, ban.reason, "it stays as it is");
    assert_eq!(group.all_bans().await.unwrap().iter().map(|ban| ban.user_id).collect::<Vec<_>>(), [bob.id]);
    assert_eq!(bob.client.group(group_id).join(None).await.unwrap_err().code(), Some(Code::GroupNotFound));
    assert_eq!(group.add(NewMember::plain(bob.id)).await.unwrap_err().code(), Some(Code::Banned));
    assert!(bob.client.directory().find("").await.unwrap().is_empty());
    group.unban(bob.id).await.unwrap();
    group.unban(bob.id).await.unwrap();
    assert!(group.bans(Page::default()).await.unwrap().bans.is_empty());
    assert!(matches!(bob.client.group(group_id).join(None).await.unwrap(), Joined::Member(_)));
}

#[tokio::test]
async fn links_are_created_previewed_used_and_revoked() {
    let server = Server::start();
    let [ada, bob, carol] = [(); 3].map(|()| User::of(&server));
    let group_id = group_of(&ada, JoinPolicy::Closed).await;
    let group = ada.client.group(group_id);

    let new = NewLink::default().role(Role::Admin).expires_in(DAY).uses_max(NonZeroU32::MIN);
    let created = group.create_link(new).idempotency_key("link").await.unwrap();
    assert!(!format!("{created:?}").contains(&created.token));
    let repeated = NewLink::default().role(Role::Admin).expires_in(DAY).uses_max(NonZeroU32::MIN);
    assert_eq!(group.create_link(repeated).idempotency_key("link").await.unwrap(), created);
    let token: LinkToken = created.token.parse().unwrap();
    let preview = bob.client.link(&token).preview().await.unwrap();
    assert_eq!((preview.group.group_id, preview.approval), (group_id, false));
    let Joined::Member(member) = bob.client.link(&token).join(None).await.unwrap() else { panic!("a member") };
    assert_eq!(member.role, Some(Role::Admin));
    let used = group.link(created.link.link_id).await.unwrap();
    assert_eq!((used.uses, used.uses_max), (1, Some(NonZeroU32::MIN)));
    let late = carol.client.link(&token).join(None).await.unwrap_err();
    assert_eq!(late.code(), Some(Code::LinkNotFound));

    let asking = group.create_link(NewLink::default().approval(true)).await.unwrap();
    let url = carol.client.link(&asking.token.parse().unwrap()).url();
    let token: LinkToken = url.parse().unwrap();
    assert!(matches!(carol.client.link(&token).join(Some("Hello")).await.unwrap(), Joined::Requested(_)));
    assert_eq!(group.all_links().await.unwrap().len(), 2);
    group.revoke_link(created.link.link_id).await.unwrap();
    assert_eq!(group.link(created.link.link_id).await.unwrap_err().code(), Some(Code::LinkNotFound));
    group.revoke_all_links().await.unwrap();
    assert!(group.links(Page::default()).await.unwrap().links.is_empty());
    assert_eq!(bob.client.link(&token).preview().await.unwrap_err().code(), Some(Code::LinkNotFound));
}

#[tokio::test]
async fn the_directory_has_the_groups_that_outsiders_can_join() {
    let server = Server::start();
    let [ada, bob] = [(); 2].map(|()| User::of(&server));
    let (open, request) = (group_of(&ada, JoinPolicy::Open).await, group_of(&ada, JoinPolicy::Request).await);
    group_of(&ada, JoinPolicy::Closed).await;
    let mut found: Vec<_> =
        bob.client.directory().find("te").await.unwrap().iter().map(|group| group.group_id).collect();
    found.sort();
    assert_eq!(found, [open, request]);
    let page = bob.client.directory().page("te", Page { limit: Some(1), after: None }).await.unwrap();
    assert!(page.next.is_some());
    assert!(bob.client.directory().find("x").await.unwrap().is_empty());
}

#[tokio::test]
async fn an_operator_has_the_same_calls_for_any_group() {
    let server = Server::start();
    let [ada, bob] = [(); 2].map(|()| User::of(&server));
    let operator = operator(&server);
    let group_id = group_of(&ada, JoinPolicy::Closed).await;
    let group = operator.admin().group(group_id);
    group.invite(NewInvitation::plain(bob.id).role(Role::Admin)).await.unwrap();
    assert_eq!(group.all_invitations().await.unwrap().len(), 1);
    group.withdraw_invitation(bob.id).await.unwrap();
    let link = group.create_link(NewLink::default().approval(true)).await.unwrap();
    bob.client.link(&link.token.parse().unwrap()).join(None).await.unwrap();
    assert_eq!(group.all_requests().await.unwrap().len(), 1);
    assert_eq!(group.approve_request(bob.id, None).await.unwrap().role, Role::Member);
    group.ban(bob.id, None).await.unwrap();
    assert_eq!(group.all_bans().await.unwrap().len(), 1);
    group.unban(bob.id).await.unwrap();
    group.revoke_all_links().await.unwrap();
    assert!(group.all_links().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_watch_has_the_invitations_and_requests_of_its_user() {
    let server = Server::start();
    let [ada, bob] = [(); 2].map(|()| User::of(&server));
    let (closed, request) = (group_of(&ada, JoinPolicy::Closed).await, group_of(&ada, JoinPolicy::Request).await);
    ada.client.group(closed).invite(NewInvitation::plain(bob.id)).await.unwrap();
    bob.client.group(request).join(Some("Hello")).await.unwrap();
    let mut watch = bob.client.watch().start();
    let snapshot = loop {
        if let Update::Snapshot(snapshot) = within("a snapshot", watch.next()).await.unwrap() {
            break snapshot;
        }
    };
    let ids = (snapshot.invitations[0].group.group_id, snapshot.requests[0].group.group_id);
    assert_eq!((snapshot.groups.len(), ids), (0, (closed, request)));
    assert_eq!(pending(&watch), [(2, "invited"), (3, "asked")]);
    until_live(&mut watch).await;

    bob.client.group(closed).accept_invitation().await.unwrap();
    let entered = next_event(&mut watch).await;
    assert!(matches!(entered.effect, Effect::Entered { role: Role::Member, .. }));
    assert!(matches!(entered.body, Some(EventBody::AddedToGroup { via: Some(Via::Invitation), .. })));
    ada.client.group(request).decline_request(bob.id).await.unwrap();
    assert!(
        matches!(next_event(&mut watch).await.effect, Effect::JoinRequestEnded { group_name } if group_name == "Team")
    );
    assert_eq!((pending(&watch), watch.sidebar().rows().count()), (Vec::new(), 1));

    bob.client.group(request).join(Some("Again")).await.unwrap();
    let asked = next_event(&mut watch).await;
    assert!(matches!(asked.effect, Effect::JoinRequested { request } if request.message.as_deref() == Some("Again")));
    ada.client.group(request).ban(bob.id, None).await.unwrap();
    assert!(matches!(next_event(&mut watch).await.effect, Effect::JoinRequestEnded { .. }));
    ada.client.group(closed).ban(bob.id, None).await.unwrap();
    let banned = next_event(&mut watch).await;
    assert!(matches!(banned.body, Some(EventBody::RemovedFromGroup { reason: LeaveReason::Banned, .. })));
    assert_eq!(watch.sidebar().rows().count(), 0);
}

#[tokio::test]
async fn an_invitation_that_was_missed_comes_with_a_resume_and_once() {
    let mut server = Server::start();
    let [ada, bob] = [(); 2].map(|()| User::of(&server));
    let group_id = group_of(&ada, JoinPolicy::Closed).await;
    let mut watch = bob.client.watch().start();
    until_live(&mut watch).await;
    let saved = json!(watch.checkpoint().unwrap());
    drop(watch);
    server.kill();
    server.launch();
    ada.client.group(group_id).invite(NewInvitation::plain(bob.id)).await.unwrap();
    let mut watch = bob.client.watch().resume(serde_json::from_value(saved).unwrap()).start();
    let events = until_live(&mut watch).await;
    assert_eq!(events.iter().map(|event| event.version.get()).collect::<Vec<_>>(), [2]);
    // Changes that only members are told of do not count as missed.
    ada.client.group(group_id).rename("New").await.unwrap();
    ada.client.group(group_id).withdraw_invitation(bob.id).await.unwrap();
    let ended = next_event(&mut watch).await;
    assert_eq!((ended.version.get(), pending(&watch)), (4, Vec::new()));
    let saved = json!(watch.checkpoint().unwrap());
    let mut watch = bob.client.watch().resume(serde_json::from_value(saved).unwrap()).start();
    assert!(until_live(&mut watch).await.is_empty());
}

#[tokio::test]
async fn an_invitation_that_has_expired_ends_with_an_event_soon_after() {
    let server = Server::start();
    let [ada, bob] = [(); 2].map(|()| User::of(&server));
    let group_id = group_of(&ada, JoinPolicy::Closed).await;
    let mut watch = bob.client.watch().start();
    until_live(&mut watch).await;
    let short = NewInvitation::plain(bob.id).expires_in(Duration::from_secs(1));
    ada.client.group(group_id).invite(short).await.unwrap();
    assert!(matches!(next_event(&mut watch).await.effect, Effect::Invited { .. }));
    let ended = next_event(&mut watch).await;
    assert!(matches!(ended.effect, Effect::InvitationEnded { .. }));
    assert!(ended.actor_id == UserId::new(groups_client::Uuid::nil()), "nobody did it");
    assert!(bob.client.invitations().all().await.unwrap().is_empty());
}
