//! Events name the user who made the change, for receivers who may see the name.

use serde_json::{Value, json};

use crate::support::{Postgres, Server};

/// The name that an event has for its actor.
fn actor(event: &Value) -> Option<&str> {
    event.get("actor_name").map(|name| name.as_str().expect("a text"))
}

#[tokio::test]
async fn every_receiver_sees_the_name_of_the_actor_also_one_who_is_no_longer_a_member() {
    for policy in ["members", "acquainted"] {
        let server = Server::with(&[("GROUPS_NAME_VISIBILITY", policy)]).await;
        let (ada, bob, eve) = (server.user_named("Ada"), server.user_named("Bob"), server.user());
        let (mut adas, mut bobs) = (ada.connects().await, bob.connects().await);
        let group = ada.creates("Team", &[&eve]).await;
        assert_eq!(actor(&adas.event(&ada.id, "group_created").await), Some("Ada"), "{policy}");
        ada.adds(&group, &bob).await.ok(201);
        assert_eq!(actor(&bobs.event(&bob.id, "added_to_group").await), Some("Ada"), "{policy}");
        ada.makes(&group, &bob, "admin").await.ok(200);
        assert_eq!(actor(&bobs.event(&bob.id, "role_changed").await), Some("Ada"), "{policy}");
        for action in ["member_added", "role_changed"] {
            let event = adas.event(&ada.id, "group_updated").await;
            assert_eq!((&event["action"], actor(&event)), (&json!(action), Some("Ada")), "{policy}");
        }
        bob.renames(&group, "Our team").await.group(200);
        assert_eq!(actor(&adas.event(&ada.id, "group_updated").await), Some("Bob"), "{policy}");
        bobs.event(&bob.id, "group_updated").await;
        ada.removes(&group, &bob).await.no_content();
        assert_eq!(actor(&bobs.event(&bob.id, "removed_from_group").await), Some("Ada"), "{policy}");
    }
}

#[tokio::test]
async fn operators_users_without_a_name_and_members_who_leave_are_not_named() {
    let server = Server::start().await;
    let (ada, bob, eve, operator) =
        (server.user_named("Ada"), server.user_named("Bob"), server.user(), server.operator());
    let group = ada.creates_with("Team", &[(&bob, "member"), (&eve, "admin")]).await;
    let mut phone = ada.connects().await;
    eve.renames(&group, "By Eve").await.group(200);
    operator.patch(&format!("/v1/admin/groups/{group}"), json!({"name": "By an operator"})).await.ok(200);
    bob.leaves(&group).await.no_content();
    for (action, operator) in [("settings_changed", None), ("settings_changed", Some(true)), ("member_left", None)] {
        let event = phone.event(&ada.id, "group_updated").await;
        assert_eq!(
            (&event["action"], event.get("operator"), actor(&event)),
            (&json!(action), operator.map(Value::from).as_ref(), None)
        );
    }
}

#[tokio::test]
async fn clients_that_resume_see_the_names_from_memory_and_from_the_log() {
    let postgres = Postgres::start().await;
    let url = postgres.as_ref().map(Postgres::url);
    let from_log = ("GROUPS_RESUME_BYTES", "0");
    let mut servers = vec![Server::start().await, Server::with(&[from_log]).await];
    if let Some(url) = &url {
        servers.push(Server::with(&[from_log, ("DATABASE_URL", url)]).await);
    }
    for server in servers {
        let (ada, bob) = (server.user_named("Ada"), server.user_named("Bob"));
        let cursor = bob.connects().await.cursor();
        let group = ada.creates("Team", &[&bob]).await;
        ada.renames(&group, "Our team").await.group(200);
        let resumed = bob.resumes(&cursor).await;
        assert_eq!(resumed.missed().iter().map(actor).collect::<Vec<_>>(), [Some("Ada"); 2]);
    }
}
