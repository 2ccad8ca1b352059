//! The server under test: address, tokens, and resource usage.

use std::net::{SocketAddr, ToSocketAddrs};

use clap::Args;

use crate::api::Api;
use crate::failure::Failure;
use crate::http::Http;
use crate::person::{Issuer, Person};
use crate::process::{Process, ProcessTree};
use crate::socket::{Socket, SocketError};
use crate::unmeasured::Unmeasured;

/// The server and its credentials.
#[derive(Args, Clone, Debug)]
pub(crate) struct TargetArgs {
    /// The server
    #[arg(long, global = true, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub(crate) url: String,

    /// Shared secret of the server. Default: sign in with development mode
    #[arg(long, global = true, env = "GROUPS_JWT_SECRET", value_name = "SECRET", hide_env_values = true)]
    pub(crate) secret: Option<String>,

    /// The `iss` of the tokens
    #[arg(long, global = true, env = "GROUPS_JWT_ISSUER", value_name = "ISSUER")]
    pub(crate) issuer: Option<String>,

    /// The `aud` of the tokens
    #[arg(long, global = true, env = "GROUPS_JWT_AUDIENCE", value_name = "AUDIENCE")]
    pub(crate) audience: Option<String>,

    /// Process id of the server on this machine, to report its memory and CPU time
    #[arg(long, global = true, value_name = "PID")]
    pub(crate) pid: Option<u32>,

    /// Process id of the PostgreSQL server (the postmaster) on this machine, to report its CPU time
    #[arg(long, global = true, value_name = "PID")]
    pub(crate) database_pid: Option<u32>,

    /// Allow a server on another machine
    #[arg(long, global = true)]
    pub(crate) anywhere: bool,
}

/// A server under test.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    address: SocketAddr,
    authority: String,
    issuer: Option<Issuer>,
    process: Option<Process>,
    database: Option<ProcessTree>,
    args: TargetArgs,
}

impl Target {
    /// Validates the address before anything is sent to it.
    pub(crate) fn new(args: &TargetArgs) -> Result<Self, Failure> {
        let not_a_url = || Failure::Url(args.url.clone());
        let authority = args.url.strip_prefix("http://").ok_or_else(not_a_url)?.trim_end_matches('/');
        let with_port = if authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) {
            authority.to_owned()
        } else {
            format!("{authority}:80")
        };
        let address = with_port.to_socket_addrs().ok().and_then(|mut all| all.next()).ok_or_else(not_a_url)?;
        if !address.ip().is_loopback() && !args.anywhere {
            return Err(Failure::Elsewhere(address));
        }
        let secret = args.secret.clone().filter(|secret| !secret.is_empty());
        let (issuer, audience) = (args.issuer.clone(), args.audience.clone());
        Ok(Self {
            address,
            authority: authority.to_owned(),
            issuer: secret.map(|secret| Issuer { secret, issuer, audience }),
            process: args.pid.map(Process::new).transpose()?,
            database: args.database_pid.map(ProcessTree::new).transpose()?,
            args: args.clone(),
        })
    }

    /// Another server with the same users. Its process is not measured.
    pub(crate) fn at(&self, url: &str) -> Result<Self, Failure> {
        Self::new(&TargetArgs { url: url.to_owned(), pid: None, ..self.args.clone() })
    }

    pub(crate) fn process(&self) -> Option<&Process> {
        self.process.as_ref()
    }

    pub(crate) fn database(&self) -> Option<&ProcessTree> {
        self.database.as_ref()
    }

    pub(crate) fn http(&self) -> Http {
        Http::new(self.address, &self.authority)
    }

    /// Creates users: with self-issued tokens if there is a secret, otherwise with sign-ins in
    /// development mode.
    pub(crate) async fn people(&self, count: usize) -> Result<Vec<Person>, Failure> {
        if let Some(issuer) = &self.issuer {
            return Ok((0..count).map(|_| issuer.person()).collect());
        }
        let client = Unmeasured::new(&self.args.url, None)?;
        let mut people = Vec::with_capacity(count);
        let run = uuid::Uuid::now_v7();
        for number in 0..count {
            people.push(client.sign_in(&format!("load {run} {number}")).await?);
        }
        Ok(people)
    }

    pub(crate) async fn person(&self) -> Result<Person, Failure> {
        self.people(1).await?.pop().ok_or_else(|| Failure::Answer("nobody".to_owned()))
    }

    /// Returns an API client for a user, for calls that are not measured.
    pub(crate) fn unmeasured(&self, person: &Person) -> Result<Unmeasured, Failure> {
        Unmeasured::new(&self.args.url, Some(&person.token))
    }

    /// Returns an API client for a user, with its own connection.
    pub(crate) fn api(&self, person: &Person) -> Api {
        Api::new(self.http(), person.clone())
    }

    pub(crate) async fn connect(&self, person: &Person, cursor: Option<&str>) -> Result<Socket, SocketError> {
        Socket::connect(self.address, &self.authority, &person.token, cursor).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str, anywhere: bool) -> Result<Target, Failure> {
        let (url, none) = (url.to_owned(), None);
        Target::new(&TargetArgs {
            url,
            secret: none.clone(),
            issuer: none.clone(),
            audience: none,
            pid: None,
            database_pid: None,
            anywhere,
        })
    }

    #[test]
    fn only_loopback_is_allowed_without_an_explicit_flag() {
        assert!(target("http://127.0.0.1:8080", false).is_ok());
        assert!(target("http://[::1]:8080/", false).is_ok());
        assert!(matches!(target("http://192.0.2.1:8080", false), Err(Failure::Elsewhere(_))));
        assert!(target("http://192.0.2.1:8080", true).is_ok());
    }

    #[test]
    fn a_url_with_an_unsupported_scheme_is_rejected() {
        for url in ["127.0.0.1:8080", "https://127.0.0.1", "http://"] {
            assert!(matches!(target(url, true), Err(Failure::Url(_))), "{url}");
        }
    }
}
