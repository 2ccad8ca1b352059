//! `groups-server token`: signs a token, to try a server.

use clap::Args;
use groups_domain::Timestamp;
use server::{NewToken, Secret, Settings};
use uuid::Uuid;

use crate::output::Output;
use crate::server_args::ServerArgs;

#[derive(Args)]
pub(crate) struct Token {
    /// The user: a UUID, or any text with GROUPS_JWT_SUBJECT=any. Default: a new UUID
    #[arg(long, value_name = "SUBJECT")]
    user: Option<String>,

    /// The display name
    #[arg(long)]
    name: Option<String>,

    /// What the token allows: `groups:admin`, `groups:read`. Default: everything that an ordinary user may do
    #[arg(long)]
    scope: Option<String>,

    /// How long the token is valid, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600, value_parser = clap::value_parser!(u32).range(1..))]
    expires_in: u32,

    #[command(flatten)]
    server: ServerArgs,
}

/// Why no token can be signed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoToken {
    #[error(
        "GROUPS_JWT_SECRET is not set. In development mode, use `groupctl login NAME`; with GROUPS_JWKS, only the identity provider signs tokens"
    )]
    Secret,
    #[error("'{0}' is not a UUID. Set GROUPS_JWT_SUBJECT=any to allow other users")]
    Subject(String),
}

impl Token {
    /// Prints the token, with the first issuer and audience of the settings.
    pub(crate) fn run(self, now: Timestamp, stdout: &Output) -> Result<(), NoToken> {
        let settings = Settings::from(self.server.settings);
        let subject = self.user.unwrap_or_else(|| Uuid::now_v7().to_string());
        if settings.jwt_subject == server::JwtSubject::Uuid && Uuid::try_parse(&subject).is_err() {
            return Err(NoToken::Subject(subject));
        }
        let secret: Secret = settings.jwt_secret.filter(|secret| !secret.expose().is_empty()).ok_or(NoToken::Secret)?;
        let first =
            |list: Option<String>| list.and_then(|list| list.split(',').next().map(|part| part.trim().to_owned()));
        let token = NewToken {
            subject,
            name: self.name,
            scope: self.scope,
            issuer: first(settings.jwt_issuer),
            audience: first(settings.jwt_audience),
            issued_at: now,
            expires_at: Timestamp::from_unix_millis(
                now.unix_millis().saturating_add(i64::from(self.expires_in) * 1_000),
            ),
        };
        stdout.line(token.sign(&secret));
        Ok(())
    }
}
