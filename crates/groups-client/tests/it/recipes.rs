//! The recipes in Rust of `docs/recipes.md`: the files beside this one, which the document shows.

mod feed_worker;
mod webhook_receiver;

use std::path::Path;
use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::BigInt;
use groups_client::{NewGroup, NewMember};
use ring::hmac;
use serde_json::json;

use self::feed_worker::work;
use self::webhook_receiver::{Head, receive};
use crate::support::{Server, User, new_user, operator, within};

/// The tables, as in the document.
const TABLES: &str = "CREATE TABLE handled (id TEXT PRIMARY KEY);
CREATE TABLE position (id INTEGER PRIMARY KEY CHECK (id = 1), cursor TEXT NOT NULL);
";
const MAILS: &str = "CREATE TABLE mails (user_id TEXT, group_id TEXT); PRAGMA journal_mode = WAL;";

fn database(path: &Path) -> SqliteConnection {
    let mut db = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    db.batch_execute("PRAGMA busy_timeout = 60000").unwrap();
    db
}

fn count(db: &mut SqliteConnection, table: &str) -> i64 {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    sql_query(format!("SELECT count(*) AS count FROM {table}")).get_result::<Row>(db).unwrap().count
}

#[test]
fn the_document_shows_the_recipes_as_they_are_tested() {
    let document = include_str!("../../../../docs/recipes.md");
    let [feed, webhook] = [include_str!("recipes/feed_worker.rs"), include_str!("recipes/webhook_receiver.rs")];
    for (language, text) in [("rust", feed), ("rust", webhook), ("sql", TABLES)] {
        let block = format!("\n```{language}\n{text}```\n");
        assert!(document.contains(&block), "docs/recipes.md does not show this as it is:{block}");
    }
}

#[tokio::test]
async fn the_worker_on_the_feed_reacts_once_however_often_it_is_stopped() {
    let server = Server::start();
    let (operator, ada) = (operator(&server), User::of(&server));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("worker.db");
    let mut db = database(&path);
    db.batch_execute(&format!("{TABLES}{MAILS}")).unwrap();
    let group_id = ada.client.groups().create(NewGroup::new("Team")).await.unwrap().group_id;
    for round in 1..=10 {
        ada.client.group(group_id).add(NewMember::plain(new_user())).await.unwrap();
        let reacted = async {
            while count(&mut db, "mails") < round {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let mut worker = database(&path);
        tokio::select! {
            ended = work(&operator, &mut worker) => panic!("the worker has ended: {ended:?}"),
            () = within("the mail", reacted) => {}
        }
    }
    // A cursor of long ago: everything is repeated.
    db.batch_execute("DELETE FROM position").unwrap();
    ada.client.group(group_id).add(NewMember::plain(new_user())).await.unwrap();
    let caught_up = async {
        while count(&mut db, "handled") < 12 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let mut worker = database(&path);
    tokio::select! {
        ended = work(&operator, &mut worker) => panic!("the worker has ended: {ended:?}"),
        () = within("the last change", caught_up) => {}
    }
    assert_eq!(count(&mut db, "mails"), 11);
}

#[test]
fn the_receiver_of_webhooks_reacts_once_and_only_to_signed_messages() {
    const NOW: u64 = 1_795_000_000;
    let directory = tempfile::tempdir().unwrap();
    let mut db = database(&directory.path().join("receiver.db"));
    db.batch_execute(&format!("{TABLES}{MAILS}")).unwrap();
    let body = json!({"type": "group.member_added", "group_id": new_user(), "user_id": new_user()}).to_string();
    let sign = |key: &[u8], id: &str, timestamp: u64| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        let tag = hmac::sign(&key, format!("{id}.{timestamp}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(tag))
    };
    let secret = format!("whsec_{}", STANDARD.encode([7; 32]));
    let mut send = |key: &[u8], id: &str, timestamp: u64| {
        // As while a secret rotates: the right signature is the second one.
        let signature = format!("{} {}", sign(&[9; 32], id, timestamp), sign(key, id, timestamp));
        let head = Head { id, timestamp: &timestamp.to_string(), signature: &signature };
        receive(&mut db, &secret, &head, body.as_bytes(), NOW)
    };
    assert_eq!([send(&[7; 32], "a.1", NOW), send(&[7; 32], "a.1", NOW + 60), send(&[7; 32], "a.2", NOW)], [204; 3]);
    assert_eq!(send(&[8; 32], "a.3", NOW), 401, "another secret");
    assert_eq!(send(&[7; 32], "a.3", NOW - 301), 401, "an old message");
    assert_eq!(count(&mut db, "mails"), 2);
    db.batch_execute("DROP TABLE mails").unwrap();
    let signature = sign(&[7; 32], "a.4", NOW);
    let head = Head { id: "a.4", timestamp: &NOW.to_string(), signature: &signature };
    assert_eq!(receive(&mut db, &secret, &head, body.as_bytes(), NOW), 500, "it is sent again");
    assert_eq!(count(&mut db, "handled"), 2, "and counts as new then");
}
