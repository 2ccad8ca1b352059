//! Several stores, and an application, in one database.

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use groups_store::{OpenError, Store, StoreOptions, pending_migrations};

use super::{Db, run};
use crate::cast::*;

fn in_schema(db: &Db, schema: &str) -> StoreOptions {
    StoreOptions { postgres_schema: Some(schema.to_owned()), ..db.options() }
}

#[test]
fn stores_in_separate_schemas_share_a_database_with_an_application() {
    run(async |db| {
        // The application has a table of the same name.
        db.sql("CREATE TABLE groups (name text); INSERT INTO groups VALUES ('ours')").await;
        let (one, other) = (in_schema(db, "one"), in_schema(db, "it's \"another\""));
        assert!(!pending_migrations(&one).await.unwrap().is_empty());
        let stores = [Store::open(one.clone()).await.unwrap(), Store::open(other).await.unwrap()];
        assert_ne!(stores[0].id(), stores[1].id());
        let mut tail = stores[1].tail().await.unwrap();
        stores[0].did(ADA, group_id(1), create("One")).await;
        assert_eq!(stores[1].group(ADA, group_id(1)).await.unwrap(), None);
        let made = stores[1].did(ADA, group_id(1), create("Another")).await;
        assert_eq!(tail.next().await.unwrap()[0].change, made);
        for store in stores {
            store.close().await;
        }
        assert_eq!(pending_migrations(&one).await, Ok(vec![]));
        let store = Store::open(one).await.unwrap();
        assert_eq!(store.group(ADA, group_id(1)).await.unwrap().unwrap().0.name.to_string(), "One");
        assert_eq!(db.read("SELECT name AS line FROM public.groups").await, ["ours"]);
        store.close().await;
        db.sql("DROP SCHEMA one CASCADE; DROP SCHEMA \"it's \"\"another\"\"\" CASCADE").await;
    });
}

#[test]
fn a_role_that_cannot_create_schemas_uses_an_existing_one() {
    run(async |db| {
        db.sql(
            "CREATE SCHEMA prepared; CREATE ROLE limited LOGIN; \
             GRANT ALL ON SCHEMA prepared TO limited; \
             DO $$ BEGIN EXECUTE format('REVOKE CREATE ON DATABASE %I FROM PUBLIC', current_database()); END $$",
        )
        .await;
        let limited = |schema: &str| {
            let url = db.options().url.replace("//groups@", "//limited@");
            StoreOptions { url, ..in_schema(db, schema) }
        };
        let store = Store::open(limited("prepared")).await.unwrap();
        store.did(ADA, group_id(1), create("Team")).await;
        store.close().await;
        let refused = Store::open(limited("missing")).await.unwrap_err();
        assert!(matches!(refused, OpenError::Migration { .. }), "{refused}");
        let mut admin = AsyncPgConnection::establish(&db.options().url).await.unwrap();
        admin.batch_execute("DROP OWNED BY limited CASCADE; DROP ROLE limited; DROP SCHEMA prepared").await.unwrap();
    });
}

#[test]
fn an_invalid_schema_name_is_refused() {
    run(async |db| {
        for schema in ["", "pg_groups", "a\0b", &"x".repeat(49)] {
            let refused = Store::open(in_schema(db, schema)).await.unwrap_err();
            assert!(matches!(refused, OpenError::BadParameter { .. }), "{refused}");
        }
    });
}
