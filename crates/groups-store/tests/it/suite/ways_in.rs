//! The lists of invitations, requests to join, bans and links, the directory, and how they end.

use std::num::NonZeroU32;
use std::time::Duration;

use groups_domain::{
    Actor, Ban, Command, Invitation, JoinPolicy, JoinRequest, Link, LinkId, Note, PendingKind, Preview, Request, Role,
    Standing, Timestamp, UserId,
};
use groups_store::{
    AdminRead, EraseStep, History, LinkPage, NameKey, NameVisibility, Pruned, ReplayRule, StandingEntry, StandingPage,
    Store, StoreOptions,
};
use uuid::Uuid;

use super::run;
use crate::cast::*;

const ALL: u32 = 100;

fn invite(user_id: UserId) -> Command {
    Command::Invite { user_id, role: Role::Member, expires_in_seconds: None }
}

fn ask(message: &str) -> Command {
    Command::Join { message: note(message) }
}

fn ban(user_id: UserId, reason: &str) -> Command {
    Command::Ban { user_id, reason: note(reason) }
}

fn link(number: u128, uses_max: Option<u32>) -> Command {
    Command::CreateLink {
        link_id: link_id(number),
        role: Role::Member,
        expires_in_seconds: Some(60),
        uses_max: uses_max.and_then(NonZeroU32::new),
        approval: false,
    }
}

fn policy(policy: JoinPolicy) -> Command {
    Command::UpdateSettings { name: None, description: None, join_policy: Some(policy) }
}

fn note(text: &str) -> Note {
    Note::parse(text).unwrap()
}

fn link_id(number: u128) -> LinkId {
    LinkId::new(Uuid::from_u128(number))
}

fn later(seconds: i64) -> Timestamp {
    Timestamp::from_unix_millis(DAWN.unix_millis() + 1_000 * seconds)
}

fn found<T: std::fmt::Debug>(read: AdminRead<T>) -> T {
    match read {
        AdminRead::Found(list) => list,
        other => panic!("{other:?}"),
    }
}

fn users<S>(page: &StandingPage<S>) -> Vec<UserId> {
    page.rows.iter().map(|row| row.user_id).collect()
}

async fn erase(store: &Store, user: UserId) {
    let mut step = Some(EraseStep::default());
    while let Some(next) = step {
        step = store.erase_step(user, next).await.unwrap();
    }
}

#[test]
fn admins_read_the_lists_page_by_page_and_others_do_not() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create_with("Team", [BOB])).await;
        store.did(ADA, group_id(1), policy(JoinPolicy::Request)).await;
        for number in 10..15 {
            store.did(ADA, group_id(1), invite(person(number))).await;
            store.did(person(number + 10), group_id(1), ask(&number.to_string())).await;
            store.did(ADA, group_id(1), ban(person(number + 20), &number.to_string())).await;
            store.did(ADA, group_id(1), link(number, Some(3))).await;
        }
        let expected = |first| (first..first + 5).map(person).collect::<Vec<_>>();
        for actor in [Actor::Member(ADA), Actor::Operator(EVE)] {
            let (mut invited, mut asked, mut banned, mut links) = (vec![], vec![], vec![], vec![]);
            let (mut after, mut after_asked, mut after_ban, mut after_link) = (None, None, None, None);
            for page in 0..3 {
                let invitations = found(store.invitations(actor, group_id(1), DAWN, after, 2).await.unwrap());
                let requests = found(store.join_requests(actor, group_id(1), after_asked, 2).await.unwrap());
                let bans = found(store.bans(actor, group_id(1), after_ban, 2).await.unwrap());
                let page_of_links = found(store.links(actor, group_id(1), after_link, 2).await.unwrap());
                let is_last = page == 2;
                assert_eq!(
                    [
                        invitations.next.is_none(),
                        requests.next.is_none(),
                        bans.next.is_none(),
                        page_of_links.next.is_none()
                    ],
                    [is_last; 4]
                );
                (after, after_asked, after_ban, after_link) =
                    (invitations.next, requests.next, bans.next, page_of_links.next);
                invited.extend(users(&invitations));
                asked.extend(users(&requests));
                banned.extend(users(&bans));
                links.extend(page_of_links.links);
            }
            assert_eq!((invited, asked, banned), (expected(10), expected(20), expected(30)));
            assert_eq!(
                links.iter().map(|link| link.link_id).collect::<Vec<_>>(),
                (10..15).map(link_id).collect::<Vec<_>>()
            );
        }
        let first = found(store.join_requests(ADA, group_id(1), None, 1).await.unwrap()).rows.remove(0);
        let standing = JoinRequest { role: Role::Member, message: note("10"), at: DAWN };
        assert_eq!(first, StandingEntry { user_id: person(20), name: None, since_version: version(4), standing });
        let first = found(store.bans(ADA, group_id(1), None, 1).await.unwrap()).rows.remove(0);
        assert_eq!(first.standing, Ban { banned_by: ADA, reason: note("10"), at: DAWN });
        let first = found(store.invitations(ADA, group_id(1), DAWN, None, 1).await.unwrap()).rows.remove(0);
        assert_eq!(first.standing, Invitation { role: Role::Member, invited_by: ADA, at: DAWN, expires_at: None });
        let own = found(store.link(ADA, group_id(1), link_id(10)).await.unwrap());
        let expected = Link {
            link_id: link_id(10),
            role: Role::Member,
            created_by: ADA,
            at: DAWN,
            expires_at: Some(later(60)),
            uses_max: NonZeroU32::new(3),
            uses: 0,
            approval: false,
        };
        assert_eq!(own, Some(expected));

        store.did(CAT, group_id(2), create("Crew")).await;
        assert_eq!(store.link(CAT, group_id(2), link_id(10)).await.unwrap(), AdminRead::Found(None));
        for (reader, refused) in
            [(BOB, AdminRead::Forbidden), (CAT, AdminRead::NotFound), (person(10), AdminRead::NotFound)]
        {
            assert_eq!(store.links(reader, group_id(1), None, ALL).await.unwrap(), refused);
            let lists = [
                format!("{:?}", store.invitations(reader, group_id(1), DAWN, None, ALL).await.unwrap()),
                format!("{:?}", store.join_requests(reader, group_id(1), None, ALL).await.unwrap()),
                format!("{:?}", store.bans(reader, group_id(1), None, ALL).await.unwrap()),
                format!("{:?}", store.link(reader, group_id(1), link_id(10)).await.unwrap()),
            ];
            assert_eq!(lists, [(); 4].map(|()| format!("{refused:?}")));
        }
    });
}

#[test]
fn an_invitation_that_has_expired_is_in_no_list_and_waits_to_be_ended() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create("Team")).await;
        for (user_id, seconds) in [(BOB, Some(60)), (CAT, Some(30)), (DAN, None)] {
            let command = Command::Invite { user_id, role: Role::Member, expires_in_seconds: seconds };
            store.did(ADA, group_id(1), command).await;
        }
        let invited = async |now| users(&found(store.invitations(ADA, group_id(1), now, None, ALL).await.unwrap()));
        assert_eq!(invited(DAWN).await, [BOB, CAT, DAN]);
        assert_eq!(invited(later(30)).await, [BOB, DAN]);
        assert_eq!(invited(later(60)).await, [DAN]);
        let own = async |user, now| store.own_invitations(user, now, None, ALL).await.unwrap().pending.len();
        assert_eq!((own(CAT, later(29)).await, own(CAT, later(30)).await, own(DAN, later(99)).await), (1, 0, 1));

        assert_eq!(store.expired_invitations(later(29), ALL).await.unwrap(), []);
        assert_eq!(store.expired_invitations(later(60), 1).await.unwrap(), [(group_id(1), CAT)]);
        let expired = store.expired_invitations(later(60), ALL).await.unwrap();
        assert_eq!(expired, [(group_id(1), CAT), (group_id(1), BOB)]);
        for (group_id, user_id) in expired {
            let actor = Actor::Operator(UserId::new(Uuid::nil()));
            let request = request(group_id, actor, Command::ExpireInvitation { user_id });
            store.execute(Request { at: later(60), ..request }.into()).await.unwrap();
        }
        assert_eq!(store.expired_invitations(later(60), ALL).await.unwrap(), []);
    });
}

#[test]
fn a_user_reads_their_own_invitations_and_requests_page_by_page() {
    run(async |db| {
        let store = db.open().await;
        for number in 1..=5 {
            store.did(ADA, group_id(number), create("Team")).await;
            store.did(ADA, group_id(number), invite(BOB)).await;
            store.did(ADA, group_id(10 + number), create("Crew")).await;
            store.did(ADA, group_id(10 + number), policy(JoinPolicy::Request)).await;
            store.did(BOB, group_id(10 + number), ask("Please")).await;
        }
        store.did(ADA, group_id(20), create("Gone")).await;
        store.did(ADA, group_id(20), invite(BOB)).await;
        store.did(ADA, group_id(20), Command::DeleteGroup).await;
        store.did(ADA, group_id(21), create("Closed to Bob")).await;
        store.did(ADA, group_id(21), ban(BOB, "")).await;
        let (mut invitations, mut requests, mut after, mut after_asked) = (vec![], vec![], None, None);
        for _ in 0..3 {
            let page = store.own_invitations(BOB, DAWN, after, 2).await.unwrap();
            let asked = store.own_join_requests(BOB, after_asked, 2).await.unwrap();
            (after, after_asked) = (page.next, asked.next);
            invitations.extend(page.pending);
            requests.extend(asked.pending);
        }
        assert_eq!((after, after_asked), (None, None));
        let groups = |pending: &[groups_domain::Pending]| {
            pending.iter().map(|pending| pending.group.group_id).collect::<Vec<_>>()
        };
        assert_eq!(groups(&invitations), [5, 4, 3, 2, 1].map(group_id));
        assert_eq!(groups(&requests), [15, 14, 13, 12, 11].map(group_id));
        assert!(matches!(&requests[0].kind, PendingKind::JoinRequest { message } if message.as_str() == "Please"));
        let invited = PendingKind::Invitation { role: Role::Member, invited_by: ADA, expires_at: None };
        assert_eq!((&invitations[0].kind, invitations[0].version), (&invited, version(2)));
    });
}

#[test]
fn a_link_shows_its_group_until_it_is_over_and_never_to_a_banned_user() {
    run(async |db| {
        let store = db.open().await;
        let group = store.did(ADA, group_id(1), create("Team")).await.group;
        store.did(ADA, group_id(1), link(1, Some(1))).await;
        store.did(ADA, group_id(1), ban(CAT, "")).await;
        let preview = async |user, now| store.link_preview(user, link_id(1), now).await.unwrap();
        let (shown, link) = preview(BOB, later(59)).await.unwrap();
        assert_eq!((shown, link.uses), (Preview::from(&group), 0));
        assert_eq!(preview(BOB, later(60)).await, None, "expired");
        assert_eq!(preview(CAT, DAWN).await, None, "banned");
        assert_eq!(store.link_preview(BOB, link_id(2), DAWN).await.unwrap(), None, "unknown");
        store.did(BOB, group_id(1), Command::UseLink { link_id: link_id(1), message: note("") }).await;
        assert_eq!(preview(DAN, DAWN).await, None, "used up");
        let links = found(store.links(ADA, group_id(1), None, ALL).await.unwrap()).links;
        assert_eq!(links.iter().map(|link| link.uses).collect::<Vec<_>>(), [1]);
    });
}

#[test]
fn the_directory_shows_groups_that_outsiders_can_find_and_that_have_not_banned_them() {
    run(async |db| {
        let store = db.open().await;
        for (number, name, join_policy) in [
            (1, "alpine Club", JoinPolicy::Open),
            (2, "Alps", JoinPolicy::Request),
            (3, "Alpha", JoinPolicy::Closed),
            (4, "Beta", JoinPolicy::Open),
            (5, "ALPACAS", JoinPolicy::Open),
            (6, "Alpenglow", JoinPolicy::Open),
        ] {
            store.did(ADA, group_id(number), create(name)).await;
            store.does(ADA, group_id(number), policy(join_policy)).await.unwrap();
        }
        store.did(ADA, group_id(6), Command::DeleteGroup).await;
        store.did(ADA, group_id(5), ban(CAT, "")).await;
        let search = async |user, prefix: &str| {
            let (mut names, mut after) = (Vec::new(), None::<NameKey>);
            loop {
                let page = store.directory(user, prefix, after, 1).await.unwrap();
                names.extend(page.groups.iter().map(|group| group.name.as_str().to_owned()));
                match page.next {
                    Some(next) => after = Some(next),
                    None => return names,
                }
            }
        };
        assert_eq!(search(BOB, "al").await, ["ALPACAS", "alpine Club", "Alps"]);
        assert_eq!(search(CAT, "AL").await, ["alpine Club", "Alps"]);
        assert_eq!(search(BOB, "").await, ["ALPACAS", "alpine Club", "Alps", "Beta"]);
        assert_eq!(search(BOB, "x").await, [""; 0]);
    });
}

#[test]
fn names_of_people_who_have_asked_are_always_shown_to_admins() {
    run(async |db| {
        let options = StoreOptions { name_visibility: NameVisibility::Acquainted, ..db.options() };
        let store = Store::open(options).await.unwrap();
        store.remember_names([named(BOB, "Bob", 1), named(CAT, "Cat", 1)]).await.unwrap();
        store.did(ADA, group_id(1), create("Team")).await;
        store.did(ADA, group_id(1), policy(JoinPolicy::Request)).await;
        store.did(ADA, group_id(1), invite(BOB)).await;
        store.did(CAT, group_id(1), ask("")).await;
        let asked = found(store.join_requests(ADA, group_id(1), None, ALL).await.unwrap());
        assert_eq!(asked.rows[0].name, Some(name("Cat")));
        let invited = async |actor: Actor| found(store.invitations(actor, group_id(1), DAWN, None, ALL).await.unwrap());
        assert_eq!(invited(ADA.into()).await.rows[0].name, None, "they share no group");
        assert_eq!(invited(Actor::Operator(EVE)).await.rows[0].name, Some(name("Bob")));
    });
}

#[test]
fn erasing_a_user_removes_their_standings_and_what_was_written_by_and_about_them() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create_with("Team", [EVE])).await;
        store.did(ADA, group_id(1), role(EVE, Role::Admin)).await;
        store.did(ADA, group_id(1), policy(JoinPolicy::Request)).await;
        store.did(BOB, group_id(1), ask("Hi from Bob")).await;
        store.did(ADA, group_id(1), Command::DeclineJoinRequest { user_id: BOB }).await;
        store.did(ADA, group_id(1), ban(BOB, "Bob was rude")).await;
        store.did(ADA, group_id(1), ban(CAT, "Cat was rude")).await;
        store.did(EVE, group_id(1), invite(DAN)).await;
        store.did(EVE, group_id(1), link(1, None)).await;

        assert_eq!(store.standings_of_user(BOB, false, ALL).await.unwrap(), []);
        let [(group, Standing::Banned(_))] = &store.standings_of_user(BOB, true, ALL).await.unwrap()[..] else {
            panic!("one ban")
        };
        store.did(Actor::Operator(ADA), *group, Command::Unban { user_id: BOB }).await;
        store.did(ADA, group_id(1), remove(EVE)).await;
        for user in [BOB, EVE] {
            erase(&store, user).await;
        }
        let nil = UserId::new(Uuid::nil());
        let invited = found(store.invitations(ADA, group_id(1), DAWN, None, ALL).await.unwrap());
        assert_eq!(invited.rows.iter().map(|row| row.standing.invited_by).collect::<Vec<_>>(), [nil]);
        let LinkPage { links, .. } = found(store.links(ADA, group_id(1), None, ALL).await.unwrap());
        assert_eq!(links.iter().map(|link| link.created_by).collect::<Vec<_>>(), [nil]);
        let History::Page { changes, .. } = store.history(ADA, group_id(1), version(0), ALL).await.unwrap() else {
            panic!("no history")
        };
        let history = format!("{changes:?}");
        for gone in ["Hi from Bob", "Bob was rude", &BOB.to_string(), &EVE.to_string()] {
            assert!(!history.contains(gone), "{gone} is in {history}");
        }
        assert!(history.contains("Cat was rude"));
    });
}

#[test]
fn pruning_deletes_what_has_ended_and_what_belonged_to_deleted_groups() {
    run(async |db| {
        let store = db.open().await;
        store.did(ADA, group_id(1), create("Lives")).await;
        for user in [BOB, CAT] {
            store.did(ADA, group_id(1), invite(user)).await;
        }
        store.did(BOB, group_id(1), Command::DeclineInvitation).await;
        store.did(ADA, group_id(2), create("Dies")).await;
        store.did(ADA, group_id(2), invite(BOB)).await;
        store.did(ADA, group_id(2), ban(CAT, "")).await;
        store.did(ADA, group_id(2), link(1, None)).await;
        store.did(ADA, group_id(2), Command::DeleteGroup).await;
        let later = after_hours(31 * 24);
        let rename = Request { at: later, ..request(group_id(1), ADA, rename("Still lives")) };
        store.execute(rename.into()).await.unwrap();
        let mut sum = Pruned::default();
        loop {
            let open_for = Duration::from_millis((31 * 24 * HOUR_MS) as u64);
            let step = store.prune(later, open_for, 2).await.unwrap();
            if step.is_empty() {
                break;
            }
            sum.standings += step.standings;
            sum.links += step.links;
            sum.groups += step.groups;
        }
        assert_eq!((sum.standings, sum.links, sum.groups), (3, 1, 1));
        assert_eq!(users(&found(store.invitations(ADA, group_id(1), later, None, ALL).await.unwrap())), [CAT]);
        let opened = store.open_stream(CAT, None, ReplayRule::default()).await.unwrap();
        assert_eq!(opened.pending.len(), 1);
    });
}

#[test]
fn a_secret_depends_on_the_database_the_purpose_and_the_input() {
    run(async |db| {
        let store = db.open().await;
        let secret = store.derive_secret("link", b"input");
        assert_eq!(store.derive_secret("link", b"input"), secret);
        for other in [
            store.derive_secret("links", b"input"),
            store.derive_secret("link", b"input2"),
            store.derive_secret("linki", b"nput"),
        ] {
            assert_ne!(other, secret);
        }
        store.close().await;
        assert_eq!(db.open().await.derive_secret("link", b"input"), secret);
    });
}
