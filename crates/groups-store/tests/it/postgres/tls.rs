//! Encrypted connections, and refusing what is not protected as demanded.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use groups_store::{OpenError, Store, StoreOptions};

use super::{Db, run};
use crate::cast::*;

async fn open(url: String) -> Result<Store, OpenError> {
    let few = StoreOptions { postgres_connections_max: 2, postgres_lanes: 1, ..StoreOptions::new(url) };
    Store::open(StoreOptions { wait_max: Duration::from_secs(5), ..few }).await
}

/// Whether the store's connections are encrypted: `true`, `false`, or both. It has none before it is used.
async fn encrypted(db: &Db) -> Vec<String> {
    db.lines(
        "SELECT DISTINCT ssl::text AS line FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
         WHERE datname = current_database() AND application_name = 'groups' ORDER BY 1",
    )
    .await
}

/// A server without encryption: says so when asked for it, and tells what it is told next.
fn without_encryption() -> (u16, std::thread::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let told = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut request = [0; 8];
        socket.read_exact(&mut request).unwrap();
        socket.write_all(b"N").unwrap();
        let mut rest = vec![0; 256];
        let length = socket.read(&mut rest).unwrap();
        rest.truncate(length);
        rest
    });
    (port, told)
}

#[test]
fn an_unknown_sslmode_is_refused() {
    run(async |db| {
        for query in ["sslmode=maybe", "sslmode=require&sslkey=key.pem"] {
            let error = open(format!("{}?{query}", db.url)).await.unwrap_err();
            assert!(matches!(error, OpenError::Encryption { .. }), "{error}");
        }
        let store = open(format!("{}?sslmode=disable", db.url)).await.unwrap();
        store.did(ADA, group_id(1), create("Team")).await;
        assert_eq!(encrypted(db).await, ["false"]);
        store.close().await;
    });
}

#[cfg(not(feature = "postgres-tls"))]
#[test]
fn without_the_feature_a_required_encryption_is_refused_before_connecting() {
    println!("skipped: encrypted connections, as the feature postgres-tls is off");
    run(async |_| {
        let (port, told) = without_encryption();
        for mode in ["require", "verify-ca", "verify-full"] {
            let error = open(format!("postgres://ada:secret@127.0.0.1:{port}/db?sslmode={mode}")).await.unwrap_err();
            assert_eq!(error, OpenError::EncryptionMissing);
        }
        // Nobody has called, so this is the first who does.
        let mut call = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        call.write_all(b"12345678only me").unwrap();
        drop(call);
        assert_eq!(told.join().unwrap(), b"only me");
    });
}

#[cfg(feature = "postgres-tls")]
mod with_the_feature {
    use super::*;
    use crate::server;

    /// The name of the test's database on the server by its name, and the parameter that names its authority.
    fn names(db: &Db) -> Option<(String, String)> {
        let server = server::shared()?;
        let authority = server.authority();
        if authority.is_none() {
            untested::skip("openssl, for the server's certificate");
        }
        let database = db.url.rsplit('/').next().unwrap();
        let by_name = format!("postgres://groups@localhost:{}/{database}", server.port());
        Some((by_name, format!("sslrootcert={}", authority?.display())))
    }

    async fn works_encrypted(db: &Db, url: String) {
        let store = open(url.clone()).await.unwrap_or_else(|error| panic!("{url}: {error}"));
        store.did(ADA, group_id(1), create("Team")).await;
        assert_eq!(store.groups(ADA, None, 10).await.unwrap().groups.len(), 1);
        assert_eq!(encrypted(db).await, ["true"], "{url}");
        store.close().await;
    }

    #[test]
    fn by_default_a_connection_is_encrypted_if_the_server_offers_it() {
        run(async |db| {
            if names(db).is_some() {
                works_encrypted(db, db.url.clone()).await;
            }
        });
    }

    #[test]
    fn a_trusted_certificate_for_the_host_is_accepted_in_every_mode() {
        for mode in ["prefer", "require", "verify-ca", "verify-full"] {
            run(async |db| {
                if let Some((by_name, authority)) = names(db) {
                    works_encrypted(db, format!("{by_name}?sslmode={mode}&{authority}")).await;
                }
            });
        }
    }

    #[test]
    fn a_certificate_for_another_host_is_refused_only_with_verify_full() {
        run(async |db| {
            let Some((_, authority)) = names(db) else { return };
            // The certificate is for localhost, and not for 127.0.0.1.
            let error = open(format!("{}?sslmode=verify-full&{authority}", db.url)).await.unwrap_err();
            assert!(
                matches!(&error, OpenError::Unreachable { detail, .. } if detail.contains("not valid for")),
                "{error}"
            );
            works_encrypted(db, format!("{}?sslmode=verify-ca&{authority}", db.url)).await;
        });
    }

    #[test]
    fn an_untrusted_certificate_is_refused_by_the_verifying_modes() {
        run(async |db| {
            let Some((by_name, _)) = names(db) else { return };
            // Its own certificate is not that of its authority.
            let own = server::shared().unwrap().authority().unwrap().with_file_name("server.pem");
            for mode in ["require", "verify-ca", "verify-full"] {
                let error = open(format!("{by_name}?sslmode={mode}&sslrootcert={}", own.display())).await.unwrap_err();
                let certificate = "invalid peer certificate";
                assert!(
                    matches!(&error, OpenError::Unreachable { detail, .. } if detail.contains(certificate)),
                    "{error}"
                );
            }
            let missing = open(format!("{by_name}?sslmode=verify-full&sslrootcert=/missing.pem")).await.unwrap_err();
            assert!(matches!(missing, OpenError::Encryption { .. }), "{missing}");
            works_encrypted(db, format!("{by_name}?sslmode=require")).await;
        });
    }

    #[test]
    fn with_required_encryption_the_user_name_is_never_sent_in_plaintext() {
        run(async |_| {
            for (mode, told_name) in [("require", false), ("verify-full", false), ("prefer", true)] {
                let (port, told) = without_encryption();
                let url = format!("postgres://ada@127.0.0.1:{port}/db?sslmode={mode}");
                let error = open(url).await.unwrap_err();
                assert!(matches!(error, OpenError::Unreachable { .. }), "{error}");
                let told = told.join().unwrap();
                assert_eq!(told.windows(3).any(|word| word == b"ada"), told_name, "{mode}");
            }
        });
    }
}
