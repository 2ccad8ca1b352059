//! Members to be added.

use groups_domain::{NewMember, Role};
use serde::Deserialize;

use super::{Object, role, user_id};
use crate::{Code, Problem};

/// Maximum number of members in one request. More are answered with 422.
pub(crate) const MEMBERS_PER_REQUEST_MAX: usize = 1_000;

/// A member to be added, as it appears in a body.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "NewMember"))]
pub(crate) struct MemberInput {
    /// The user.
    #[cfg_attr(test, schemars(with = "crate::routes::openapi::UserId"))]
    user_id: String,
    /// The role. Default: `member`.
    #[cfg_attr(test, schemars(with = "Option<crate::routes::openapi::RoleInput>"))]
    role: Option<String>,
}

impl MemberInput {
    pub(crate) fn new(user_id: String, role: Option<String>) -> Self {
        Self { user_id, role }
    }

    pub(crate) fn parse(&self) -> Result<NewMember, Problem> {
        let role = self.role.as_deref().map_or(Ok(Role::Member), role)?;
        Ok(NewMember { user_id: user_id(&self.user_id, "user_id")?, role })
    }

    pub(crate) fn parse_all(members: &[Object<Self>]) -> Result<Vec<NewMember>, Problem> {
        if members.len() > MEMBERS_PER_REQUEST_MAX {
            let detail = format!("{} members in one request, {MEMBERS_PER_REQUEST_MAX} are allowed", members.len());
            return Err(Problem::new(Code::TooManyMembers, detail));
        }
        members.iter().map(|Object(member)| member.parse()).collect()
    }
}
