//! Whether a server could start with its settings, found out without starting it.

use std::time::Duration;

use groups_store::{StoreOptions, check_replica, pending_migrations};

use crate::bus;
use crate::identity::Jwks;
use crate::run::listen;
use crate::tls::TlsCertificate;
use crate::{OpenError, Settings};

/// How long each check may take.
const CHECK_MAX: Duration = Duration::from_secs(10);

/// The result of one check.
#[derive(Debug)]
pub struct Checked {
    /// What was checked, such as `database`.
    pub what: &'static str,
    /// What was found, or why a server could not start.
    pub result: Result<String, Box<dyn std::error::Error + Send + Sync>>,
}

/// Checks everything that a server needs to start: the settings, the address, the keys for tokens, the
/// database, its replica and the bus. Changes nothing, and waits at most ten seconds for each.
pub async fn preflight(settings: &Settings) -> Vec<Checked> {
    vec![
        Checked { what: "settings and address", result: address(settings) },
        Checked { what: "TLS certificate", result: bounded(certificate(settings)).await },
        Checked { what: "keys for tokens", result: bounded(keys(settings)).await },
        Checked { what: "database", result: bounded(database(settings)).await },
        Checked { what: "replica", result: bounded(replica(settings)).await },
        Checked { what: "bus", result: bounded(between_servers(settings)).await },
    ]
}

type Found = Result<String, Box<dyn std::error::Error + Send + Sync>>;

async fn bounded(check: impl Future<Output = Found>) -> Found {
    let late = || Err(format!("there was no answer within {} seconds", CHECK_MAX.as_secs()).into());
    tokio::time::timeout(CHECK_MAX, check).await.unwrap_or_else(|_| late())
}

fn address(settings: &Settings) -> Found {
    let addresses = listen(settings)?.addresses()?;
    let addresses = addresses.iter().map(ToString::to_string).collect::<Vec<_>>();
    Ok(format!("{} can be used", addresses.join(" and ")))
}

async fn certificate(settings: &Settings) -> Found {
    match settings.tls()? {
        None => Ok("none: connections are not encrypted".to_owned()),
        Some((certificate, key)) => {
            TlsCertificate::open(certificate, key).await?;
            Ok("the certificate fits the key".to_owned())
        }
    }
}

async fn keys(settings: &Settings) -> Found {
    let secret = if settings.secret().is_some() { "GROUPS_JWT_SECRET is set" } else { "" };
    let Some(location) = settings.jwks()? else {
        return Ok(if secret.is_empty() { "none: development mode" } else { secret }.to_owned());
    };
    let text = location.to_string();
    // Without the copy in GROUPS_JWKS_CACHE, which would hide that they cannot be fetched.
    let (_, maintained) = Jwks::open(location, None).await?;
    drop(maintained);
    let separator = if secret.is_empty() { "" } else { "; " };
    Ok(format!("{text} was read{separator}{secret}"))
}

async fn database(settings: &Settings) -> Found {
    let postgres_direct_url = settings.database_direct_url()?.map(str::to_owned);
    let options = StoreOptions { postgres_direct_url, ..StoreOptions::new(&settings.database_url) };
    let url = groups_store::masked(&settings.database_url);
    Ok(match pending_migrations(&options).await?.len() {
        0 => format!("{url}: the tables are up to date"),
        1 => format!("{url}: one migration is pending; it runs at the next start"),
        pending => format!("{url}: {pending} migrations are pending; they run at the next start"),
    })
}

async fn replica(settings: &Settings) -> Found {
    let Some(url) = settings.replica_url()? else { return Ok("none".to_owned()) };
    let options = StoreOptions {
        postgres_direct_url: settings.database_direct_url()?.map(str::to_owned),
        postgres_replica_url: Some(url.to_owned()),
        ..StoreOptions::new(&settings.database_url)
    };
    check_replica(&options).await?;
    Ok(format!("{} is a standby of the database", groups_store::masked(url)))
}

async fn between_servers(settings: &Settings) -> Found {
    match settings.nats_url()? {
        None => Ok("the database".to_owned()),
        Some(url) => {
            bus::try_nats(url).await.map_err(OpenError::Bus)?;
            Ok(format!("{} answers", groups_store::masked(url)))
        }
    }
}
