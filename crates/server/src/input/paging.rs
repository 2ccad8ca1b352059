//! Pagination of lists.

use actix_web::HttpRequest;
use serde::Deserialize;

use super::query;
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

    pub(crate) fn not_ours() -> Problem {
        Problem::malformed("`after` must be the `next` of a previous page.")
    }
}
