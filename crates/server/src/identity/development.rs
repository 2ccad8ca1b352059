//! Development mode: anybody signs in as anybody, by a name. Only ever on loopback.

use std::time::Duration;

use groups_domain::{Timestamp, UserId};
use ring::digest;
use uuid::Uuid;

use super::token;
use crate::{Code, Problem};

/// The people of one database: the same name is the same person for as long as the data lives.
pub(crate) struct Development {
    people: Uuid,
    secret: Vec<u8>,
}

/// Somebody who has signed in.
pub(crate) struct Person {
    pub(crate) user_id: UserId,
    pub(crate) name: String,
    pub(crate) token: String,
}

impl Development {
    /// How long a token of development mode is good.
    const TOKEN_LIFE: Duration = Duration::from_secs(12 * 60 * 60);

    /// The secret comes from the database's id, so that a token outlives a restart of the server.
    pub(crate) fn new(store_id: Uuid) -> Self {
        let mut secret = digest::Context::new(&digest::SHA256);
        secret.update(b"groups: development tokens of ");
        secret.update(store_id.as_bytes());
        Self { people: store_id, secret: secret.finish().as_ref().to_vec() }
    }

    pub(crate) fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// # Errors
    /// [`Code::InvalidName`] where the name is none.
    pub(crate) fn sign_in(&self, name: &str, now: Timestamp) -> Result<Person, Problem> {
        let name = groups_domain::GroupName::parse(name).map_err(Problem::name)?;
        // UUIDv5 (RFC 9562 section 5.5): a name in the name space of this database.
        let user_id = UserId::new(Uuid::new_v5(&self.people, name.as_str().as_bytes()));
        let life = i64::try_from(Self::TOKEN_LIFE.as_millis()).unwrap_or(i64::MAX);
        let expires_at = Timestamp::from_unix_millis(now.unix_millis().saturating_add(life));
        let token = token::sign(&self.secret, user_id, name.as_str(), expires_at).map_err(|error| {
            tracing::error!(%error, "a development token could not be signed");
            Problem::new(Code::Internal, "no token could be made")
        })?;
        Ok(Person { user_id, name: name.into(), token })
    }
}
