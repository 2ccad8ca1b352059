//! Pagination of lists.

use actix_web::HttpRequest;
use groups_domain::Version;
use serde::Deserialize;
use uuid::Uuid;

use super::{query, uuid};
use crate::Problem;

/// The requested page of a list.
pub(crate) struct Paging {
    pub(crate) limit: u32,
    pub(crate) after: Option<String>,
}

impl Paging {
    const LIMIT: u32 = 100;
    /// Maximum page size; a larger value is reduced to it.
    const LIMIT_MAX: u32 = 500;

    pub(crate) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        #[derive(Deserialize)]
        struct Fields {
            limit: Option<String>,
            after: Option<String>,
        }
        let fields: Fields = query(request)?;
        let limit = match fields.limit.as_deref() {
            None => Self::LIMIT,
            Some(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().unwrap_or(u32::MAX).min(Self::LIMIT_MAX)
            }
            Some(_) => 0,
        };
        if limit == 0 {
            return Err(Problem::malformed("`limit` must be a positive integer."));
        }
        Ok(Self { limit, after: fields.after.filter(|after| !after.is_empty()) })
    }

    /// The place after which the page starts, in a list in the order of versions.
    pub(crate) fn after_place(&self) -> Result<Option<Place>, Problem> {
        self.after.as_deref().map(|after| Place::parse(after).ok_or_else(Self::not_ours)).transpose()
    }

    pub(crate) fn not_ours() -> Problem {
        Problem::malformed("`after` must be the `next` of a previous page.")
    }
}

/// The place of an entry in a list in the order of the versions that made the entries.
pub(crate) struct Place {
    pub(crate) version: Version,
    pub(crate) id: Uuid,
}

impl Place {
    /// The text of `next`.
    pub(crate) fn print(&self) -> String {
        format!("{}-{}", self.version, self.id)
    }

    fn parse(text: &str) -> Option<Self> {
        let (version, id) = text.split_once('-')?;
        Some(Self { version: version.parse().ok()?, id: uuid(id)? })
    }
}
