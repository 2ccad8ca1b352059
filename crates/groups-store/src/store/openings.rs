//! Initial states of connecting clients. They come from the replica, if there is one.

#[cfg(feature = "postgres")]
use std::collections::BTreeSet;
use std::sync::Arc;

#[cfg(feature = "postgres")]
use futures_util::FutureExt;
use groups_domain::{Group, ReadPoint, Role, UserId};

use crate::caller::Caller;
#[cfg(feature = "postgres")]
use crate::column::Id;
#[cfg(feature = "sqlite")]
use crate::connection::SqliteConn;
use crate::inner::Backend;
#[cfg(feature = "postgres")]
use crate::page::Listed;
#[cfg(feature = "postgres")]
use crate::postgres::Current;
use crate::queries;
#[cfg(feature = "postgres")]
use crate::queries::stream::Opening;
use crate::read_class::ReadClass;
use crate::{
    GroupList, OpenedStream, Position, Reason, ReplayRule, ResumePoints, Resumer, SharedGroup, Store, StoreError,
};

impl Store {
    /// The start of a user's event stream, read at one point in time.
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn open_stream(
        &self,
        user: UserId,
        from: Option<Position>,
        rule: ReplayRule,
    ) -> Result<OpenedStream, StoreError> {
        let store = self.inner.id();
        // Dropping this future cancels the read.
        let (caller, _waits) = Caller::new();
        let mark = self.inner.cursors.mark_of(user);
        #[cfg(feature = "postgres")]
        if let Some(backend) = self.inner.postgres() {
            let opening = Opening { user, mark: mark.clone(), from: from.clone(), rule, caller: caller.clone() };
            let opened = backend.read_current_on_replica(store, vec![user.into()], move |conn, current| {
                let Current { seen, changed } = current;
                async move {
                    if !changed.is_empty() {
                        return Ok(None);
                    }
                    queries::stream::open_stream_at(conn, Some(seen), store, opening).await.map(Some)
                }
                .boxed()
            });
            if let Some(opened) = opened.await? {
                self.opened_on_replica(1);
                return self.of_one_history(store, Ok(opened));
            }
        }
        let start = run!(self, read(Connecting), stream::open_stream(store, user, mark, from, rule, caller));
        #[cfg(feature = "postgres")]
        self.opened_on_primary(start.is_ok().into());
        self.of_one_history(store, start)
    }

    /// What clients need in order to resume with changes that the caller has in memory, read for all
    /// of them at one point in time.
    ///
    /// `known` are the commits that the caller has received from its [`Tail`](crate::Tail).
    ///
    /// # Errors
    /// [`StoreError`] if the database did not answer.
    pub async fn resume_points(&self, resumers: Vec<Resumer>, known: ReadPoint) -> Result<ResumePoints, StoreError> {
        let store = self.inner.id();
        let marks: Arc<[String]> = resumers.iter().map(|resumer| self.inner.cursors.mark_of(resumer.user_id)).collect();
        let resumers: Arc<[Resumer]> = resumers.into();
        #[cfg(feature = "postgres")]
        if let Some(backend) = self.inner.postgres() {
            let users: BTreeSet<Id> = resumers.iter().map(|resumer| resumer.user_id.into()).collect();
            let (resumers, marks, known) = (Arc::clone(&resumers), Arc::clone(&marks), known.clone());
            let users = users.into_iter().collect();
            let points = backend.read_current_on_replica(store, users, move |conn, current| {
                let Current { seen, changed } = current;
                async move {
                    let points = queries::resume::points_at(conn, Some(seen), changed, store, resumers, marks, known);
                    points.await.map(Some)
                }
                .boxed()
            });
            if let Some(points) = points.await? {
                self.opened_on_replica(points.memberships.iter().flatten().count());
                return self.of_one_history(store, Ok(points));
            }
        }
        let points = run!(self, read(Connecting), resume::points(store, resumers, marks, known));
        #[cfg(feature = "postgres")]
        self.opened_on_primary(points.iter().flat_map(|points| points.memberships.iter().flatten()).count());
        self.of_one_history(store, points)
    }

    /// Reads the next groups of a list, as of the list's point in time: at most `groups_max` groups
    /// and about `bytes_max` bytes of JSON, but at least one group. Empty at the end.
    /// Cancellation-safe: groups that were not returned are read again.
    ///
    /// # Errors
    /// [`Reason::Outdated`] if a group has changed since and its history has been pruned: open the
    /// stream again. Another [`StoreError`] if the database did not answer.
    pub async fn next_groups(
        &self,
        list: &mut GroupList,
        groups_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<(Group, Role)>, StoreError> {
        let groups = self.next_shared_groups(list, groups_max, bytes_max).await?;
        Ok(groups.into_iter().map(|(group, role)| (Group::clone(&group), role)).collect())
    }

    /// The same as [`next_groups`](Self::next_groups). The groups are shared with other readers, each
    /// with the text into which it was encoded.
    ///
    /// # Errors
    /// As for [`next_groups`](Self::next_groups).
    pub async fn next_shared_groups(
        &self,
        list: &mut GroupList,
        groups_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<(SharedGroup, Role)>, StoreError> {
        let ahead = list.ahead(groups_max).to_vec();
        if ahead.is_empty() {
            return Ok(Vec::new());
        }
        let groups = match self.groups_on_replica(&ahead, bytes_max).await? {
            Some(groups) => Some(groups),
            None => {
                let (store, cache) = (self.inner.id(), self.inner.group_cache.clone());
                run!(self, read(Connecting), list::groups_at(cache, store, ahead, bytes_max))?
            }
        };
        let groups = groups.ok_or(StoreError::Unavailable(Reason::Outdated))?;
        list.advance(groups.len());
        Ok(groups)
    }

    /// The first of these groups from the replica, if it has them. A group at one version never changes,
    /// so how far the replica has replayed does not matter.
    #[cfg(feature = "postgres")]
    async fn groups_on_replica(
        &self,
        listed: &[Listed],
        bytes_max: usize,
    ) -> Result<Option<Vec<(SharedGroup, Role)>>, StoreError> {
        let Some(backend) = self.inner.postgres() else { return Ok(None) };
        let (store, cache, listed) = (self.inner.id(), self.inner.group_cache.clone(), listed.to_vec());
        let groups = backend.read_constant_on_replica(store, move |conn| {
            async move { queries::list::groups_at(conn, cache, store, listed, bytes_max).await }.boxed()
        });
        groups.await
    }

    #[cfg(not(feature = "postgres"))]
    async fn groups_on_replica(
        &self,
        _: &[crate::page::Listed],
        _: usize,
    ) -> Result<Option<Vec<(SharedGroup, Role)>>, StoreError> {
        std::future::ready(Ok(None)).await
    }

    #[cfg(feature = "postgres")]
    fn opened_on_replica(&self, clients: usize) {
        if let Some(counters) = self.inner.postgres().and_then(|backend| backend.replica_counters()) {
            counters.opened_on_replica(clients);
        }
    }

    #[cfg(feature = "postgres")]
    fn opened_on_primary(&self, clients: usize) {
        if let Some(counters) = self.inner.postgres().and_then(|backend| backend.replica_counters()) {
            counters.opened_on_primary(clients);
        }
    }
}
