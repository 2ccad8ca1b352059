//! An application's own rows in the transaction of a change.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use diesel::connection::SimpleConnection;
use diesel_async::SimpleAsyncConnection;
use futures_util::FutureExt;
use futures_util::future::join_all;
use groups_domain::{Change, Command, Rejection};
use groups_store::{ExecuteError, Executed, Hook, HookError, Outcome, Store};

use super::{Db, run};
use crate::cast::*;

async fn with_outbox(db: &Db) -> Store {
    let store = db.open().await;
    db.sql("CREATE TABLE outbox (line TEXT NOT NULL PRIMARY KEY)").await;
    store
}

async fn outbox(db: &Db) -> Vec<String> {
    db.read("SELECT line FROM outbox ORDER BY line").await
}

/// A hook that executes SQL which it makes from the change.
fn sql(make: impl Fn(&Change) -> String + Clone + Send + Sync + 'static) -> Hook {
    let same = make.clone();
    Hook::new()
        .on_sqlite(move |connection, change| Ok(SimpleConnection::batch_execute(connection, &make(change))?))
        .on_postgres(move |connection, change| {
            let sql = same(change);
            async move { Ok(SimpleAsyncConnection::batch_execute(connection, &sql).await?) }.boxed()
        })
}

/// The same on both databases, without a connection.
fn plain(hook: impl Fn(&Change) -> Result<(), Box<dyn Error + Send + Sync>> + Clone + Send + Sync + 'static) -> Hook {
    let same = hook.clone();
    Hook::new().on_sqlite(move |_, change| hook(change)).on_postgres(move |_, change| {
        let same = same.clone();
        async move { same(change) }.boxed()
    })
}

fn line(change: &Change) -> String {
    format!("{} {}", change.group_id(), change.version())
}

fn into_outbox() -> Hook {
    sql(|change| format!("INSERT INTO outbox VALUES ('{}')", line(change)))
}

async fn does_with(store: &Store, group: u128, command: Command, hook: Hook) -> Result<Executed, ExecuteError> {
    store.execute_with(request(group_id(group), ADA, command).into(), hook).await
}

/// The changes that the log has of a group.
async fn log(db: &Db) -> usize {
    db.read("SELECT 'x' AS line FROM log").await.len()
}

#[test]
fn an_outbox_gets_exactly_one_row_per_change() {
    run(async |db| {
        let store = with_outbox(db).await;
        let mut expected = Vec::new();
        let mut made = |executed: Executed| {
            expected.push(line(executed.outcome.change().expect("nothing changed")));
        };
        made(does_with(&store, 1, create("Team"), into_outbox()).await.unwrap());
        made(does_with(&store, 1, rename("Crew"), into_outbox()).await.unwrap());
        // A no-op, a rejection, and a repetition.
        assert_eq!(
            does_with(&store, 1, rename("Crew"), into_outbox()).await.unwrap().outcome,
            Outcome::SettingsUnchanged
        );
        let refused = does_with(&store, 2, rename("Crew"), into_outbox()).await;
        assert_eq!(refused, Err(ExecuteError::Rejected(Rejection::GroupNotFound)));
        let order = keyed(request(group_id(3), ADA, create("Team")), "key", 1);
        made(store.execute_with(order.clone(), into_outbox()).await.unwrap());
        assert!(store.execute_with(order, into_outbox()).await.unwrap().replayed);
        assert_eq!(outbox(db).await, expected);
        assert_eq!(log(db).await, expected.len());
    });
}

#[test]
fn a_hook_that_refuses_rolls_the_change_back_and_its_error_is_the_source() {
    run(async |db| {
        let store = with_outbox(db).await;
        let refused = does_with(&store, 1, create("Team"), plain(|_| Err("out of credit".into()))).await.unwrap_err();
        assert!(matches!(refused, ExecuteError::Hook(HookError::Refused(_))), "{refused:?}");
        assert_eq!(refused.to_string(), "the hook refused the change");
        assert_eq!(refused.source().unwrap().to_string(), "out of credit");
        assert_eq!(store.group(ADA, group_id(1)).await.unwrap(), None);
        // Neither is the key used up by it.
        let order = keyed(request(group_id(1), ADA, create("Team")), "key", 1);
        assert!(store.execute_with(order.clone(), plain(|_| Err("still not".into()))).await.is_err());
        assert!(!store.execute_with(order, into_outbox()).await.unwrap().replayed);
        // The application's own key: its error is not taken for the store's.
        let taken = sql(|_| "INSERT INTO outbox SELECT line FROM outbox".to_owned());
        let refused = does_with(&store, 1, rename("Crew"), taken).await.unwrap_err();
        let ExecuteError::Hook(HookError::Refused(source)) = &refused else { panic!("{refused:?}") };
        assert!(source.is::<diesel::result::Error>(), "{source:?}");
        assert_eq!((log(db).await, outbox(db).await.len()), (1, 1));
    });
}

#[test]
fn a_hook_that_fails_affects_no_other_order_of_its_batch() {
    run(async |db| {
        let store = with_outbox(db).await;
        store.did(ADA, group_id(1), create("Team")).await;
        let orders = (0..60).map(|number| {
            let rename = rename(&format!("Team {number}"));
            let store = store.clone();
            async move {
                match number % 3 {
                    0 => does_with(&store, 1, rename, into_outbox()).await,
                    1 => does_with(&store, 1, rename, plain(|_| Err("no".into()))).await,
                    _ => store.does(ADA, group_id(1), rename).await,
                }
            }
        });
        for (number, executed) in join_all(orders).await.into_iter().enumerate() {
            assert_eq!(executed.is_ok(), number % 3 != 1, "{number}: {executed:?}");
        }
        assert_eq!((log(db).await, outbox(db).await.len()), (41, 20));
    });
}

#[test]
fn a_hook_that_panics_is_contained() {
    run(async |db| {
        let store = with_outbox(db).await;
        let panicked = does_with(&store, 1, create("Team"), plain(|_| panic!("a test"))).await;
        assert_eq!(panicked, Err(ExecuteError::Hook(HookError::Panicked)));
        does_with(&store, 1, create("Team"), into_outbox()).await.unwrap();
        assert_eq!((log(db).await, outbox(db).await.len()), (1, 1));
    });
}

#[test]
fn nothing_is_acknowledged_if_a_hook_makes_the_commit_fail() {
    run(async |db| {
        let store = with_outbox(db).await;
        // On PostgreSQL a transaction in which a statement has failed cannot be committed.
        let careless = Hook::new().on_sqlite(|connection, _| Ok(connection.batch_execute("ROLLBACK")?)).on_postgres(
            |connection, _| {
                async move {
                    drop(connection.batch_execute("INSERT INTO no_such_table VALUES (1)").await);
                    Ok(())
                }
                .boxed()
            },
        );
        let ended = does_with(&store, 1, create("Team"), careless).await;
        assert_eq!(ended, Err(ExecuteError::Hook(HookError::TransactionEnded)));
        does_with(&store, 1, create("Team"), into_outbox()).await.unwrap();
        assert_eq!((log(db).await, outbox(db).await.len()), (1, 1));
    });
}

#[test]
#[expect(clippy::disallowed_methods, reason = "this is about transactions of an application")]
fn a_hook_can_open_a_nested_transaction() {
    run(async |db| {
        let store = with_outbox(db).await;
        let insert = "INSERT INTO outbox VALUES ('kept')";
        let undone = "INSERT INTO outbox VALUES ('undone')";
        let nested = Hook::new()
            .on_sqlite(move |connection, _| {
                use diesel::Connection;
                connection.transaction(|connection| connection.batch_execute(insert))?;
                let rolled_back: Result<(), _> = connection.transaction(|connection| {
                    connection.batch_execute(undone)?;
                    Err(diesel::result::Error::RollbackTransaction)
                });
                assert!(rolled_back.is_err());
                Ok(())
            })
            .on_postgres(move |connection, _| {
                use diesel_async::AsyncConnection;
                async move {
                    connection.transaction(async |connection| connection.batch_execute(insert).await).await?;
                    let rolled_back: Result<(), diesel::result::Error> = connection
                        .transaction(async |connection| {
                            connection.batch_execute(undone).await?;
                            Err(diesel::result::Error::RollbackTransaction)
                        })
                        .await;
                    assert!(rolled_back.is_err());
                    Ok(())
                }
                .boxed()
            });
        does_with(&store, 1, create("Team"), nested).await.unwrap();
        assert_eq!((log(db).await, outbox(db).await), (1, vec!["kept".to_owned()]));
    });
}

#[test]
fn an_order_is_refused_if_its_hook_does_not_support_the_database() {
    run(async |db| {
        let store = db.open().await;
        let refused = does_with(&store, 1, create("Team"), Hook::new()).await.unwrap_err();
        assert!(matches!(refused, ExecuteError::Hook(HookError::Missing { .. })), "{refused:?}");
        assert_eq!(store.group(ADA, group_id(1)).await.unwrap(), None);
    });
}

#[test]
fn an_abandoned_order_is_executed_with_its_hook_or_not_at_all() {
    run(async |db| {
        let store = with_outbox(db).await;
        let runs = Arc::new(AtomicU32::new(0));
        for number in 0..30 {
            let (order, own) = (request(group_id(number), ADA, create("Team")).into(), Arc::clone(&runs));
            let hook = sql(move |change| {
                own.fetch_add(1, Ordering::Relaxed);
                format!("INSERT INTO outbox VALUES ('{}')", line(change))
            });
            let executing = store.execute_with(order, hook);
            drop(tokio::time::timeout(std::time::Duration::from_micros(number as u64 * 50), executing).await);
        }
        store.close().await;
        let lines = outbox(db).await;
        assert_eq!(log(db).await, lines.len());
        assert!(runs.load(Ordering::Relaxed) as usize >= lines.len());
    });
}
