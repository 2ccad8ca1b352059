//! What an operator is told about a database whose feature is off. Compiled only into a program
//! with one database, as `.ci/run` builds it:
//! `cargo test -p server --no-default-features --features sqlite --test one_database`.
#![cfg(not(all(feature = "sqlite", feature = "postgres")))]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use server::{Groups, OpenError, Settings};

#[cfg(feature = "sqlite")]
const OFF: (&str, &str) = ("postgres://ada:secret@localhost/groups", "postgres");

#[cfg(not(feature = "sqlite"))]
const OFF: (&str, &str) = ("sqlite://groups.db", "sqlite");

#[actix_web::test]
async fn the_url_of_a_database_that_is_not_compiled_in_is_refused_with_the_feature_it_needs() {
    let (url, needed) = OFF;
    let settings = Settings { database_url: url.to_owned(), ..Settings::default() };
    let error = Groups::builder(settings).open().await.unwrap_err();
    let text = error.to_string();
    let OpenError::Store(groups_store::OpenError::NotCompiledIn { feature, .. }) = error else { panic!("{text}") };
    assert_eq!(feature, needed);
    assert!(text.contains(&format!("build it with the feature `{needed}`")) && !text.contains("secret"), "{text}");
}
