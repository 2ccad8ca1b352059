//! Each call once.

use std::slice;

use groups_client::{AddOutcome, ChangeAction, Client, Code, Error, NewGroup, NewMember, Page, Role, Settings};

use crate::support::{Server, User, new_user};

#[tokio::test]
async fn groups_are_created_listed_changed_and_deleted() {
    let server = Server::start();
    let ada = User::of(&server);
    let groups = ada.client.groups();
    let first = groups.create(NewGroup::new("First").description("One")).await.unwrap();
    let bob = NewMember { user_id: new_user(), role: Role::Admin };
    let second = groups.create(NewGroup::new("Second").member(bob)).await.unwrap();
    assert_eq!((second.version.get(), second.member_count, second.role), (1, 2, Some(Role::Owner)));

    let page = groups.page(Page { limit: Some(1), after: None }).await.unwrap();
    assert_eq!(page.groups, slice::from_ref(&second));
    let page = groups.page(Page { limit: Some(1), after: page.next }).await.unwrap();
    assert_eq!(page.groups, slice::from_ref(&first));
    assert_eq!(groups.all().await.unwrap(), [second.clone(), first.clone()]);

    let group = ada.client.group(first.group_id);
    let settings = Settings { name: Some("New".to_owned()), description: Some("Two".to_owned()), join_policy: None };
    let changed = group.update(settings).if_version(first.version).await.unwrap();
    assert_eq!((&*changed.name, &*changed.description, changed.version.get()), ("New", "Two", 2));
    let refused = group.rename("Late").if_version(first.version).await.unwrap_err();
    assert_eq!((refused.code(), refused.status()), (Some(Code::VersionMismatch), Some(412)));
    assert_eq!(group.get().await.unwrap(), changed);

    group.delete().await.unwrap();
    assert_eq!(group.get().await.unwrap_err().code(), Some(Code::GroupNotFound));
    assert_eq!(groups.all().await.unwrap(), [second]);
}

#[tokio::test]
async fn members_are_added_listed_promoted_and_removed_and_leave() {
    let server = Server::start();
    let (ada, bob) = (User::of(&server), User::of(&server));
    let (carol, dan) = (new_user(), new_user());
    let group_id = ada.client.groups().create(NewGroup::new("Team")).await.unwrap().group_id;
    let group = ada.client.group(group_id);

    let added = group.add(NewMember::plain(bob.id)).await.unwrap();
    assert_eq!((added.group.version.get(), added.results.len()), (2, 1));
    let again = group.add(NewMember::plain(bob.id)).await.unwrap_err();
    assert_eq!(again.code(), Some(Code::AlreadyMember));
    let all = [bob.id, carol, dan].map(NewMember::plain);
    let outcomes: Vec<_> = group.add_all(&all).await.unwrap().results.iter().map(|result| result.outcome).collect();
    assert_eq!(outcomes, [Some(AddOutcome::AlreadyMember), Some(AddOutcome::Added), Some(AddOutcome::Added)]);

    let members: Vec<_> = group.all_members().await.unwrap().iter().map(|member| member.user_id).collect();
    assert_eq!(members, [ada.id, bob.id, carol, dan]);
    assert_eq!(group.set_role(bob.id, Role::Admin).await.unwrap().role, Role::Admin);
    group.remove(dan).await.unwrap();
    assert_eq!(group.leave(None).await.unwrap_err().code(), Some(Code::OwnerMustTransfer));
    group.leave(Some(bob.id)).await.unwrap();

    let history = bob.client.group(group_id).history(Page { limit: None, after: Some("3".to_owned()) }).await.unwrap();
    let actions: Vec<_> = history.changes.into_iter().map(|change| (change.version.get(), change.action)).collect();
    let promoted = ChangeAction::RoleChanged { user_id: bob.id, role: Role::Admin, previous_role: Role::Member };
    let removed = ChangeAction::MemberRemoved { user_id: dan };
    let left = ChangeAction::MemberLeft { user_id: ada.id, new_owner_id: Some(bob.id) };
    assert_eq!(actions, [(4, Some(promoted)), (5, Some(removed)), (6, Some(left))]);
}

#[tokio::test]
async fn a_user_can_block_others_from_adding_them() {
    let server = Server::start();
    let (ada, bob) = (User::of(&server), User::of(&server));
    assert_eq!(ada.client.me().await.unwrap().user_id, ada.id);
    ada.client.blocks().block(bob.id).await.unwrap();
    let blocked: Vec<_> = ada.client.blocks().all().await.unwrap().iter().map(|block| block.user_id).collect();
    assert_eq!(blocked, [bob.id]);
    let group_id = bob.client.groups().create(NewGroup::new("Team")).await.unwrap().group_id;
    let refused = bob.client.group(group_id).add(NewMember::plain(ada.id)).await.unwrap_err();
    assert_eq!(refused.code(), Some(Code::Forbidden));
    ada.client.blocks().unblock(bob.id).await.unwrap();
    bob.client.group(group_id).add(NewMember::plain(ada.id)).await.unwrap();
    bob.client.group(group_id).typing(true).await.unwrap();
}

#[tokio::test]
async fn in_development_mode_a_user_signs_in_by_name() {
    let server = Server::with(&[]);
    let signed_in = Client::builder(server.url()).build().unwrap().sign_in("Ada").await.unwrap();
    let client = Client::builder(server.url()).token(signed_in.token).build().unwrap();
    assert_eq!(client.me().await.unwrap().user_id, signed_in.user_id);
    let people = client.development_people("ad").await.unwrap().people;
    assert_eq!(people.iter().map(|person| person.user_id).collect::<Vec<_>>(), [signed_in.user_id]);
}

#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    let client = Client::builder("http://127.0.0.1:1").build().unwrap();
    assert!(matches!(client.me().await, Err(Error::Token(_))));
    assert!(matches!(client.watch().start().next().await, Ok(groups_client::Update::Status(_))));
}
