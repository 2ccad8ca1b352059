//! Members to be added.

use groups_domain::{NewMember, Role};
use serde::Deserialize;

use super::{Object, role, user_id};
use crate::{Code, Problem};

/// Maximum number of members in one request. More are answered with 422.
const MEMBERS_PER_REQUEST_MAX: usize = 1_000;

/// A member to be added, as it appears in a body.
#[derive(Deserialize)]
pub(crate) struct MemberInput {
    user_id: String,
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
