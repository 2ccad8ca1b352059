//! The store: everything that the rest of the program may ask of a database.

use std::collections::HashMap;
use std::sync::Arc;

use groups_domain::{Group, GroupId, Role, Timestamp, UserId, Version};
use uuid::Uuid;

use crate::{
    ExecuteError, Executed, GroupPage, History, MemberKey, MemberPage, MemberRow, OpenError, Order, Position, Reason,
    ReplayRule, StoreError, StoreOptions, StreamStart, Tail, Trimmed,
};

/// The rules of `groups-domain` over one database. Cheap to clone; all clones are one store.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    id: Uuid,
}

impl Store {
    /// Opens a database, makes it where it is a SQLite file that is not there yet, and brings its tables up to date.
    ///
    /// # Errors
    /// [`OpenError`] says what an operator has to do.
    pub async fn open(_options: StoreOptions) -> Result<Self, OpenError> {
        Err(OpenError::InMemory)
    }

    /// The database's own id: random, made with it, part of every position.
    pub fn id(&self) -> Uuid {
        self.inner.id
    }

    /// Carries out the accepted orders, and ends all threads and connections. Other clones answer
    /// [`Reason::Closed`] from now on.
    pub async fn close(self) {}

    /// Carries out an order, durably: once this answers, the change survives a power cut.
    ///
    /// Dropping the future does not take an accepted order back.
    ///
    /// # Errors
    /// [`ExecuteError`] says whether the rules, the idempotency key or the database refuse it.
    pub async fn execute(&self, _order: Order) -> Result<Executed, ExecuteError> {
        Err(closed().into())
    }

    /// One page of a user's groups, newest first.
    ///
    /// # Errors
    /// [`StoreError`] where the database gave no answer.
    pub async fn groups(&self, _user: UserId, _after: Option<GroupId>, _limit: u32) -> Result<GroupPage, StoreError> {
        Err(closed())
    }

    /// One group with the user's role; `None` where there is none or the user is not in it.
    ///
    /// # Errors
    /// [`StoreError`] where the database gave no answer.
    pub async fn group(&self, _user: UserId, _group: GroupId) -> Result<Option<(Group, Role)>, StoreError> {
        Err(closed())
    }

    /// One page of a group's members in joining order; `None` where there is no such group or the user is not in it.
    ///
    /// # Errors
    /// [`StoreError`] where the database gave no answer.
    pub async fn members(
        &self,
        _user: UserId,
        _group: GroupId,
        _after: Option<MemberKey>,
        _limit: u32,
    ) -> Result<Option<MemberPage>, StoreError> {
        Err(closed())
    }

    /// One member; `None` where there is no such group, the user is not in it, or the other is not.
    ///
    /// # Errors
    /// [`StoreError`] where the database gave no answer.
    pub async fn member(&self, _user: UserId, _group: GroupId, _of: UserId) -> Result<Option<MemberRow>, StoreError> {
        Err(closed())
    }

    /// One page of a group's history, for its admins and its owner.
    ///
    /// # Errors
    /// [`StoreError`] where the database gave no answer.
    pub async fn history(
        &self,
        _user: UserId,
        _group: GroupId,
        _after: Version,
        _limit: u32,
    ) -> Result<History, StoreError> {
        Err(closed())
    }

    /// Keeps the name that somebody goes by. Writes nothing where it is known already.
    ///
    /// # Errors
    /// [`StoreError`] where the database gave no answer.
    pub async fn remember_name(&self, _user: UserId, _name: &str) -> Result<(), StoreError> {
        Err(closed())
    }

    /// The names that people go by, of those who have one.
    ///
    /// # Errors
    /// [`StoreError`] where the database gave no answer.
    pub async fn names(&self, _users: &[UserId]) -> Result<HashMap<UserId, String>, StoreError> {
        Err(closed())
    }

    /// The people whose name begins so, by name. Capitals do not matter where they are ASCII letters.
    ///
    /// # Errors
    /// [`StoreError`] where the database gave no answer.
    pub async fn people(&self, _prefix: &str, _limit: u32) -> Result<Vec<(UserId, String)>, StoreError> {
        Err(closed())
    }

    /// Reads a position that was given away as a token. `None`: it is not one of this database.
    pub fn cursor(&self, token: &str) -> Option<Position> {
        Position::parse(self.inner.id, token)
    }

    /// Where a user's stream begins, read at one point in time.
    ///
    /// # Errors
    /// [`StoreError`] where the database gave no answer.
    pub async fn open_stream(
        &self,
        _user: UserId,
        _from: Option<Position>,
        _rule: ReplayRule,
    ) -> Result<StreamStart, StoreError> {
        Err(closed())
    }

    /// Follows the log from now on.
    ///
    /// # Errors
    /// [`StoreError`] where the database gave no answer.
    pub async fn tail(&self) -> Result<Tail, StoreError> {
        Err(closed())
    }

    /// Forgets what is older than it has to be kept, at most `step_max` rows of each kind, beside the work. To be called again
    /// until [`Trimmed::is_empty`], and then now and then.
    ///
    /// # Errors
    /// [`StoreError`] where the database gave no answer.
    pub async fn trim(&self, _now: Timestamp, _step_max: u32) -> Result<Trimmed, StoreError> {
        Err(closed())
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError`] where it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        Err(closed())
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable(Reason::Closed)
}
