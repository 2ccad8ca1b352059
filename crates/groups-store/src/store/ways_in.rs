//! Invitations, requests to join, bans, links and the directory.

use groups_domain::{Actor, Ban, GroupId, Invitation, JoinRequest, Link, LinkId, Preview, Standing, Timestamp, UserId};

#[cfg(feature = "postgres")]
use futures_util::FutureExt;

use super::Store;
#[cfg(feature = "sqlite")]
use crate::connection::SqliteConn;
use crate::inner::Backend;
use crate::queries;
use crate::queries::access::StandingList;
use crate::read_class::ReadClass;
use crate::{
    AdminRead, FoundPreviews, LinkKey, LinkPage, NameKey, PendingPage, StandingEntry, StandingKey, StandingPage,
    StoreError,
};

impl Store {
    /// One page of a group's invitations that have not expired at `now`, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn invitations(
        &self,
        actor: impl Into<Actor>,
        group: GroupId,
        now: Timestamp,
        after: Option<StandingKey>,
        limit: u32,
    ) -> Result<AdminRead<StandingPage<Invitation>>, StoreError> {
        let page = self.standings(actor.into(), group, StandingList::Invitations(now), after, limit).await?;
        Ok(of_kind(page, |standing| match standing {
            Standing::Invited(invitation) => Some(invitation),
            _ => None,
        }))
    }

    /// One page of a group's requests to join, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn join_requests(
        &self,
        actor: impl Into<Actor>,
        group: GroupId,
        after: Option<StandingKey>,
        limit: u32,
    ) -> Result<AdminRead<StandingPage<JoinRequest>>, StoreError> {
        let page = self.standings(actor.into(), group, StandingList::JoinRequests, after, limit).await?;
        Ok(of_kind(page, |standing| match standing {
            Standing::Requested(request) => Some(request),
            _ => None,
        }))
    }

    /// One page of a group's bans, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn bans(
        &self,
        actor: impl Into<Actor>,
        group: GroupId,
        after: Option<StandingKey>,
        limit: u32,
    ) -> Result<AdminRead<StandingPage<Ban>>, StoreError> {
        let page = self.standings(actor.into(), group, StandingList::Bans, after, limit).await?;
        Ok(of_kind(page, |standing| match standing {
            Standing::Banned(ban) => Some(ban),
            _ => None,
        }))
    }

    async fn standings(
        &self,
        actor: Actor,
        group: GroupId,
        list: StandingList,
        after: Option<StandingKey>,
        limit: u32,
    ) -> Result<AdminRead<StandingPage<Standing>>, StoreError> {
        let visibility = self.inner.name_visibility;
        run!(self, read(Request), access::standings_of_group(actor, group, list, after, limit, visibility))
    }

    /// One page of a group's links, oldest first. Contains those that have expired or are used up.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn links(
        &self,
        actor: impl Into<Actor>,
        group: GroupId,
        after: Option<LinkKey>,
        limit: u32,
    ) -> Result<AdminRead<LinkPage>, StoreError> {
        let actor = actor.into();
        run!(self, read(Request), access::links_of_group(actor, group, after, limit))
    }

    /// One link of a group; `None` if the group has no such link.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn link(
        &self,
        actor: impl Into<Actor>,
        group: GroupId,
        link_id: LinkId,
    ) -> Result<AdminRead<Option<Link>>, StoreError> {
        let actor = actor.into();
        run!(self, read(Request), access::link(actor, group, link_id))
    }

    /// A link and what outsiders see of its group. `None` if there is no such link, it has expired at
    /// `now` or is used up, or the group has banned the user.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn link_preview(
        &self,
        user: UserId,
        link_id: LinkId,
        now: Timestamp,
    ) -> Result<Option<(Preview, Link)>, StoreError> {
        run!(self, read(Request), access::link_preview(user, link_id, now))
    }

    /// The group to which a link belongs, whether the link can be used or not: for
    /// [`Command::UseLink`](groups_domain::Command::UseLink), which decides that. Not for users to see.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn group_of_link(&self, link_id: LinkId) -> Result<Option<GroupId>, StoreError> {
        run!(self, read(Request), access::group_of_link(link_id))
    }

    /// One page of a user's own invitations that have not expired at `now`.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn own_invitations(
        &self,
        user: UserId,
        now: Timestamp,
        after: Option<GroupId>,
        limit: u32,
    ) -> Result<PendingPage, StoreError> {
        let list = StandingList::Invitations(now);
        run!(self, read(Request), access::own(user, list, after, limit))
    }

    /// One page of a user's own requests to join.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn own_join_requests(
        &self,
        user: UserId,
        after: Option<GroupId>,
        limit: u32,
    ) -> Result<PendingPage, StoreError> {
        let list = StandingList::JoinRequests;
        run!(self, read(Request), access::own(user, list, after, limit))
    }

    /// The invitations that have expired at `now` and were not ended yet, the oldest first. A program
    /// ends them with [`Command::ExpireInvitation`](groups_domain::Command::ExpireInvitation).
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn expired_invitations(&self, now: Timestamp, limit: u32) -> Result<Vec<(GroupId, UserId)>, StoreError> {
        run!(self, read(Request), access::expired_invitations(now, limit))
    }

    /// One page of the groups that outsiders can find and whose name starts with the prefix, ignoring
    /// case, ordered by name. Groups that have banned the user are left out, so a page may be shorter
    /// than the limit, and may end early as with [`find_groups`](Self::find_groups).
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn directory(
        &self,
        user: UserId,
        prefix: &str,
        after: Option<NameKey>,
        limit: u32,
    ) -> Result<FoundPreviews, StoreError> {
        let prefix = prefix.to_owned();
        run!(self, read(Request), search::directory(user, prefix, after, limit))
    }

    /// A value that only the servers of this database can compute, the same on all of them:
    /// HKDF-SHA-256 (RFC 5869) under the database's key, for a purpose and an input.
    pub fn derive_secret(&self, purpose: &str, input: &[u8]) -> [u8; 32] {
        self.inner.cursors.secret(purpose, input)
    }
}

/// The page as one kind of standings. It has no others.
fn of_kind<S>(
    page: AdminRead<StandingPage<Standing>>,
    kind: impl Fn(Standing) -> Option<S>,
) -> AdminRead<StandingPage<S>> {
    match page {
        AdminRead::NotFound => AdminRead::NotFound,
        AdminRead::Forbidden => AdminRead::Forbidden,
        AdminRead::Found(StandingPage { rows, next }) => {
            let rows = rows.into_iter().filter_map(|StandingEntry { user_id, name, since_version, standing }| {
                Some(StandingEntry { user_id, name, since_version, standing: kind(standing)? })
            });
            AdminRead::Found(StandingPage { rows: rows.collect(), next })
        }
    }
}
