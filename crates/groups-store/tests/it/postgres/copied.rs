//! Positions of consumers after a move from SQLite to PostgreSQL.

use groups_store::{Revocation, SinkName, Store, StoreError, StoreOptions, copy};

use super::run;
use crate::cast::*;

#[test]
fn a_consumer_notices_that_its_database_was_replaced_by_a_copy() {
    run(async |db| {
        let directory = tempfile::tempdir().unwrap();
        let old = StoreOptions::new(directory.path().join("groups.db").display().to_string());
        let store = Store::open(old.clone()).await.unwrap();
        let mut tail = store.tail().await.unwrap();
        store.did(ADA, group_id(1), create("Team")).await;
        let position = tail.next().await.unwrap().pop().unwrap().position;
        let name = SinkName::parse("webhook").unwrap();
        store.save_sink_position(&name, &position, DAWN).await.unwrap();
        let revocation =
            Revocation { user_id: ADA, not_before: Some(DAWN), disconnected_at: DAWN, kept_until: after_hours(24) };
        store.revoke(revocation).await.unwrap();
        drop(tail);
        store.close().await;
        let copied = copy(old, db.options()).await.unwrap();
        assert_eq!((copied.changes, copied.sink_positions, copied.revocations), (1, 1, 1));
        let store = db.open().await;
        assert_eq!(store.revocations(DAWN, DAWN, 10).await.unwrap(), [revocation]);
        assert_eq!(store.sink_position(&name).await, Ok(Some(position.clone())));
        assert_eq!(store.tail_from(Some(position)).await.unwrap_err(), StoreError::HistoryReplaced);
    });
}
