//! Renews open WebSockets with new tokens.

use std::time::Duration;

use async_trait::async_trait;
use groups_domain::{Timestamp, UserId};
use groups_protocol::ErrorCode;
use notify::{Authenticator, Grant, NotRenewed, Renewal};

use crate::clock;
use crate::groups::{Groups, WeakGroups};
use crate::identity::{Access, Principal};
use crate::limiter::Work;
use crate::{Code, Problem};

/// Checks the tokens that clients send on their connections, at the price of an upgrade.
pub(crate) struct Renewals(pub(crate) WeakGroups);

/// What a principal may do on a WebSocket.
pub(crate) fn grant(principal: &Principal, now: Timestamp) -> Grant {
    let left_millis = principal.expires_at.unix_millis().saturating_sub(now.unix_millis());
    Grant {
        expires_at: principal.expires_at,
        expires_in: Duration::from_millis(u64::try_from(left_millis).unwrap_or(0)),
        read_only: principal.access == Access::ReadOnly,
    }
}

#[async_trait(?Send)]
impl Authenticator for Renewals {
    async fn authenticate(&self, user_id: UserId, token: &str) -> Result<Renewal, NotRenewed> {
        let groups = self.0.upgrade().ok_or_else(|| Problem::new(Code::Unavailable, "The server is stopping."));
        let principal = match groups {
            Ok(groups) => authenticate(&groups, user_id, token).await,
            Err(stopping) => Err(stopping),
        };
        let principal = principal.map_err(not_renewed)?;
        Ok(Renewal { user_id: principal.user_id, grant: grant(&principal, clock::now()) })
    }
}

async fn authenticate(groups: &Groups, user_id: UserId, token: &str) -> Result<Principal, Problem> {
    groups.limiter().charge(user_id, Work::Upgrade, 1.0)?;
    let principal = groups.identify_token(token).await?;
    if principal.user_id == user_id {
        groups.learn_name(&principal);
    }
    Ok(principal)
}

fn not_renewed(problem: Problem) -> NotRenewed {
    let code = match problem.code() {
        Code::Unauthenticated => ErrorCode::Unauthenticated,
        Code::Forbidden => ErrorCode::Forbidden,
        Code::RateLimited => ErrorCode::RateLimited,
        _ => ErrorCode::Unavailable,
    };
    NotRenewed { code, detail: problem.detail().to_owned() }
}
