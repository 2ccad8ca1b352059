//! The test bed: starts servers of the program under test, each on an empty database.

use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::database::{Backend, Database};
use super::postgres::Postgres;
use super::server::Server;
use crate::failure::Failure;

/// What the servers of a benchmark share.
#[derive(Debug)]
pub(super) struct Bed {
    program: PathBuf,
    /// Signs the tokens of all servers, so that a user's token stays valid after a restart.
    secret: String,
}

impl Bed {
    pub(super) fn new(program: &Path) -> Self {
        Self { program: program.to_owned(), secret: format!("{}{}", Uuid::now_v7(), Uuid::now_v7()) }
    }

    /// Starts a server on a new database.
    pub(super) async fn start(&self, backend: Backend, postgres: Option<&Postgres>) -> Result<Server, Failure> {
        self.start_on(Database::create(backend, postgres).await?).await
    }

    /// Starts a server on the database of one that was stopped.
    pub(super) async fn start_on(&self, database: Database) -> Result<Server, Failure> {
        Server::start(&self.program, &self.secret, database).await
    }
}
