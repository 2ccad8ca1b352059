//! Searches for groups by the beginning of their name.

use actix_web::HttpRequest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use groups_domain::{GroupName, TextError};
use groups_store::NameKey;
use serde::Deserialize;
use uuid::Uuid;

use crate::Problem;
use crate::input::{self, Paging};

/// The requested page of a search.
pub(super) struct NameSearch {
    pub(super) prefix: String,
    pub(super) after: Option<NameKey>,
    pub(super) limit: u32,
}

#[derive(Deserialize)]
struct Query {
    query: Option<String>,
}

impl NameSearch {
    pub(super) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let Paging { limit, after } = Paging::of(request)?;
        let Query { query } = input::query(request)?;
        let after = after.as_deref().map(|after| parse(after).ok_or_else(Paging::not_ours)).transpose()?;
        // Normalized like the names themselves.
        let prefix = match GroupName::parse(&query.unwrap_or_default()) {
            Ok(prefix) => prefix.to_string(),
            Err(TextError::Empty) => String::new(),
            Err(error) => return Err(Problem::malformed(format!("Invalid `query`: {error}."))),
        };
        Ok(Self { prefix, after, limit })
    }

    /// The `next` of a page.
    pub(super) fn print(key: &NameKey) -> String {
        URL_SAFE_NO_PAD.encode([key.id.as_bytes(), key.name.as_bytes()].concat())
    }
}

fn parse(text: &str) -> Option<NameKey> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (id, name) = bytes.split_at_checked(16)?;
    Some(NameKey { id: Uuid::from_slice(id).ok()?, name: String::from_utf8(name.to_vec()).ok()? })
}
