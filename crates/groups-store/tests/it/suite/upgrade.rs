//! Databases of earlier releases keep working: `fixtures/` has one of each, as SQL.

use diesel::migration::MigrationSource;
use groups_domain::{
    Actor, Command, GroupId, JoinPolicy, NewMember, Rejection, Request, Role, Standing, Timestamp, UserId,
};
use groups_store::{
    ExecuteError, History, NewWebhook, Outcome, ReplayRule, Store, StreamStart, WebhookCreated, WebhookSecret,
    pending_migrations,
};
use uuid::Uuid;

use super::{BEFORE_WAYS_IN, Backend, MIGRATIONS, VERSION_0_1, WRITES_BEFORE_WAYS_IN, run};
use crate::cast::*;

const INIT: &str = "2026-01-15-000000_init";

/// As the people of the fixtures were named.
fn called(name: &str) -> UserId {
    UserId::new(Uuid::new_v5(&Uuid::NAMESPACE_DNS, name.as_bytes()))
}

#[test]
fn a_database_of_version_0_1_is_migrated_without_loss() {
    run(async |db| {
        db.sql(VERSION_0_1).await;
        let known = MigrationSource::<Backend>::migrations(&MIGRATIONS).unwrap();
        let mut since: Vec<String> = known.iter().map(|migration| migration.name().to_string()).collect();
        since.sort();
        since.retain(|name| name != INIT);
        assert_eq!(pending_migrations(&db.options()).await, Ok(since));

        let (ada, bob, cat, dan) = (called("ada"), called("bob"), called("cat"), called("dan"));
        let store = db.open().await;
        // An older version that kept its migrations there takes this for a newer one's.
        let mark = "SELECT version AS line FROM __diesel_schema_migrations ORDER BY version DESC";
        assert_eq!(db.read(mark).await, ["groups_migrations", "20260115000000"]);
        let id = store.id();
        let list = async |store: &Store, user: UserId| {
            let page = store.groups(user, None, 10).await.unwrap();
            page.groups
                .into_iter()
                .map(|(group, role)| (group.name.to_string(), group.version, role))
                .collect::<Vec<_>>()
        };
        let own = |name: &str, at, role| (name.to_owned(), version(at), role);
        assert_eq!(list(&store, ada).await, [own("Handed over", 2, Role::Owner), own("Board", 6, Role::Owner)]);
        assert_eq!(list(&store, bob).await, [own("Handed over", 2, Role::Admin), own("Board", 6, Role::Admin)]);
        assert_eq!(list(&store, cat).await, []);

        let board = store.groups(ada, None, 10).await.unwrap().groups.remove(1).0;
        let members = store.members(ada, board.group_id, None, 10).await.unwrap().unwrap().members;
        let members: Vec<_> = members
            .into_iter()
            .map(|row| (row.membership.user_id, row.membership.role, row.membership.joined_version, row.name))
            .collect();
        let named = |text: &str| Some(name(text));
        assert_eq!(
            members,
            [
                (ada, Role::Owner, version(1), named("Ada")),
                (bob, Role::Admin, version(1), named("Bob")),
                (dan, Role::Admin, version(4), None),
            ]
        );
        let History::Page { changes, next: None } = store.history(ada, board.group_id, version(0), 10).await.unwrap()
        else {
            panic!("a page")
        };
        assert!(changes.iter().map(|change| change.version().get()).eq(1..=6));

        // Keys of the last day still give the first answer.
        let at = Timestamp::from_unix_millis(board.updated_at.unix_millis() + HOUR_MS);
        let repeated = |command, key| {
            let request = Request { group_id: board.group_id, actor: bob.into(), at, expected_version: None, command };
            store.execute(keyed(request, key, 1))
        };
        let renamed = repeated(rename("Board"), "rename").await.unwrap();
        assert!(renamed.replayed && renamed.group.version == version(2), "{renamed:?}");
        let refused = repeated(add(dan), "refused").await;
        assert_eq!(refused, Err(ExecuteError::Rejected(Rejection::AlreadyMember { user_id: dan })));

        // Its cursors are none: anybody could read them. Those of now are good after a restart.
        assert_eq!(store.cursor("a30d0af18bc3b3fd.5.4.faa6942d"), None);
        let start = store.open_stream(bob, None, ReplayRule::default()).await.unwrap();
        assert!(matches!(&start.start, StreamStart::Snapshot(list) if list.remaining() == 2));
        let token = store.cursors().token(&start.cursor);
        let leave = store.does(bob, board.group_id, Command::Leave { successor: None }).await.unwrap();
        let Outcome::Left { change: left } = leave.outcome else { panic!("nobody left") };
        store.close().await;

        let store = db.open().await;
        assert_eq!(store.id(), id);
        assert_eq!(pending_migrations(&db.options()).await, Ok(vec![]));
        let start = store.open_stream(bob, store.cursor(&token), ReplayRule::default()).await.unwrap().start;
        let StreamStart::Resumed { missed: entries, .. } = start else { panic!("resumed") };
        assert_eq!(entries.into_iter().map(|entry| entry.change).collect::<Vec<_>>(), [left]);
    });
}

#[test]
fn a_database_gets_invitations_and_bans_while_servers_of_the_version_before_still_write() {
    run(async |db| {
        db.sql(BEFORE_WAYS_IN).await;
        let pending = ["2026-11-28-100000_ways_in", "2026-11-28-200000_webhooks"].map(str::to_owned);
        assert_eq!(pending_migrations(&db.options()).await, Ok(pending.to_vec()));
        let store = db.open().await;
        let (ada, bob, cat) = (called("ada"), called("bob"), called("cat"));
        let id = |text| GroupId::new(Uuid::parse_str(text).unwrap());
        let (board, new_group) =
            (id("01a22047-d1b7-7005-a00b-ca2c190f9e83"), id("01a22047-d1c5-7329-8e98-000000000001"));
        let (group, role) = store.group(ada, board).await.unwrap().unwrap();
        assert_eq!((group.name.as_str(), group.version, role), ("Big Board", version(4), Role::Owner));
        assert_eq!(group.join_policy, JoinPolicy::Closed);
        let start = store.open_stream(ada, None, ReplayRule::default()).await.unwrap().cursor;
        let new = NewWebhook {
            webhook_id: Uuid::from_u128(1),
            fingerprint: [1; 32],
            url: "https://example.com/hook".to_owned(),
            types: None,
            description: String::new(),
            secret: WebhookSecret::new([7; 32]),
            at: DAWN,
        };
        let WebhookCreated::Created(webhook) = store.create_webhook(new).await.unwrap() else { panic!("a webhook") };

        db.sql(WRITES_BEFORE_WAYS_IN).await;
        let delivered = store.tail_from(Some(webhook.position)).await.unwrap().next().await.unwrap();
        let delivered: Vec<_> =
            delivered.iter().map(|entry| (entry.change.group_id(), entry.change.version())).collect();
        assert_eq!(delivered, [(board, version(5)), (board, version(6)), (new_group, version(1))], "by the old server");
        let invite = |user_id| Command::Invite { user_id, role: Role::Member, expires_in_seconds: None };
        store.did(ada, board, invite(cat)).await;
        store.did(bob, board, invite(called("eve"))).await;
        store.did(cat, board, Command::AcceptInvitation).await;
        store.did(ada, new_group, Command::AddMember(NewMember::plain(bob))).await;
        let opened = store.open_stream(ada, Some(start), ReplayRule::default()).await.unwrap();
        let StreamStart::Resumed { missed, .. } = opened.start else { panic!("resumed") };
        let of = |group| {
            let of_group = missed.iter().filter(move |entry| entry.change.group_id() == group);
            of_group.map(|entry| entry.change.version().get()).collect::<Vec<_>>()
        };
        assert_eq!((of(board), of(new_group)), ((5..=9).collect(), vec![1, 2]));
        let (group, _) = store.group(cat, board).await.unwrap().unwrap();
        assert_eq!((group.name.as_str(), group.member_count, group.version), ("By the old server", 4, version(9)));
        let pending = store.standings_of_user(called("eve"), true, 10).await.unwrap();
        assert!(matches!(pending[..], [(group, Standing::Invited(_))] if group == board), "{pending:?}");
        let expired = Actor::Operator(UserId::new(Uuid::nil()));
        let nothing = Command::ExpireInvitation { user_id: called("eve") };
        assert_eq!(store.does(expired, board, nothing).await.unwrap().outcome, Outcome::NothingExpired);
    });
}
