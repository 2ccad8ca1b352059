//! The rules for admins who manage links. A comment above each guard states the rule, and a [`Rule`] names it.

use alloc::vec;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use crate::authority::Authorized;
use crate::decision::Outcome;
use crate::{AccessList, ChangeKind, Decision, LinkId, Rejection, Role, Rule, joining};

impl Authorized<'_> {
    pub(crate) fn create_link(
        &self,
        link_id: LinkId,
        role: Role,
        expires_in_seconds: Option<u64>,
        uses_max: Option<NonZeroU32>,
        approval: bool,
    ) -> Outcome {
        // Creating links requires the role `admin`.
        self.at_least(Role::Admin, Rule::AdminsManageLinks)?;
        // A group always has exactly one owner. Nobody can be added as an owner.
        if role == Role::Owner {
            return Err(Rejection::InvalidRole);
        }
        // You can only assign roles below your own.
        self.gives_below(role)?;
        // A link expires after 1 second to 366 days, or never.
        let expires_at = joining::expiry(self.request.at, expires_in_seconds)?;
        if self.facts.links.contains_key(&link_id) {
            return Ok(Decision::Unchanged);
        }
        // A group cannot have more links than the limit.
        self.has_room(AccessList::Links, self.facts.counts.links, self.facts.limits.links_max)?;
        Ok(self.change(ChangeKind::LinkCreated { link_id, role, expires_at, uses_max, approval }, |_| {}))
    }

    pub(crate) fn revoke_link(&self, link_id: LinkId) -> Outcome {
        // Revoking links requires the role `admin`.
        self.at_least(Role::Admin, Rule::AdminsManageLinks)?;
        // A link that has expired or is used up can still be removed from the list.
        if !self.facts.links.contains_key(&link_id) {
            return Err(Rejection::LinkNotFound);
        }
        Ok(self.change(ChangeKind::LinksRevoked { link_ids: vec![link_id] }, |_| {}))
    }

    pub(crate) fn revoke_links(&self) -> Outcome {
        // Revoking links requires the role `admin`.
        self.at_least(Role::Admin, Rule::AdminsManageLinks)?;
        let link_ids: Vec<LinkId> = self.facts.links.keys().copied().collect();
        if link_ids.is_empty() {
            return Ok(Decision::Unchanged);
        }
        Ok(self.change(ChangeKind::LinksRevoked { link_ids }, |_| {}))
    }
}
