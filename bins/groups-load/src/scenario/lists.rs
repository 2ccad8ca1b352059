//! `lists`: users who request their list of groups; measures throughput, latency and cost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use serde::Serialize;
use tokio::task::JoinSet;

use super::SECONDS_MAX;
use super::setup::{CREATING_MAX, create_groups, teams};
use crate::api::{Api, NewGroup};
use crate::failure::Failure;
use crate::histogram::{Histogram, Spread};
use crate::http::Answer;
use crate::process::require_files;
use crate::report::{Report, per};
use crate::stopwatch::Stopwatch;
use crate::target::Target;

/// Users who request their list of groups, page by page if it is long; each caller requests the next
/// list when the last one is complete
#[derive(Args, Clone, Debug)]
pub(crate) struct Lists {
    /// Number of users
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(crate) users: u64,
    /// Number of groups of each user, which is the length of a list
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=500))]
    pub(crate) groups: u64,
    /// Number of users who share their groups
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    pub(crate) team: u64,
    /// Length of each group's description in characters of four bytes
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=1_000))]
    pub(crate) description_chars: u64,
    /// Concurrent callers, over which the users are spread
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    pub(crate) callers: u64,
    /// Duration in seconds
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=SECONDS_MAX))]
    pub(crate) seconds: u64,
}

/// Results of the callers. Times are in microseconds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ListsReport {
    pub(crate) groups: u64,
    pub(crate) callers: u64,
    /// Lists. A long one is several requests.
    pub(crate) requests: u64,
    pub(crate) requests_per_second: f64,
    pub(crate) bytes_per_answer: f64,
    pub(crate) answer_us: Spread,
    /// Lists without some of the groups. None is allowed.
    pub(crate) wrong_lists: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) server_cpu_us_per_request: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) database_cpu_us_per_request: Option<f64>,
}

impl Report for ListsReport {
    fn is_good(&self) -> bool {
        self.wrong_lists == 0
    }
}

/// What one caller received.
#[derive(Default)]
struct Received {
    requests: u64,
    bytes: u64,
    wrong: u64,
}

impl Lists {
    pub(crate) async fn run(&self, target: &Target) -> Result<ListsReport, Failure> {
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        require_files(count(self.users) + CREATING_MAX)?;
        let (users, owner) = (target.people(count(self.users)).await?, target.person().await?);
        let description = "🦀".repeat(count(self.description_chars));
        let groups = teams(&users, count(self.team), count(self.groups));
        let groups =
            groups.map(|members| NewGroup { description: description.clone(), members, ..NewGroup::default() });
        create_groups(target, &owner, groups).await?;

        let callers = count(self.callers).min(users.len());
        let took = Arc::new(Histogram::default());
        let watch = Stopwatch::start(target)?;
        let until = Instant::now() + Duration::from_secs(self.seconds);
        let mut calling = JoinSet::new();
        for number in 0..callers {
            let apis: Vec<Api> = users.iter().skip(number).step_by(callers).map(|user| target.api(user)).collect();
            calling.spawn(call(apis, self.groups, until, Arc::clone(&took)));
        }
        let mut all = Received::default();
        while let Some(received) = calling.join_next().await {
            let Received { requests, bytes, wrong } = received??;
            all = Received { requests: all.requests + requests, bytes: all.bytes + bytes, wrong: all.wrong + wrong };
        }
        let cost = watch.stop()?;
        let requests = all.requests as f64;
        Ok(ListsReport {
            groups: self.groups,
            callers: u64::try_from(callers).unwrap_or(u64::MAX),
            requests: all.requests,
            requests_per_second: per(requests, cost.elapsed.as_secs_f64()),
            bytes_per_answer: per(all.bytes as f64, requests),
            answer_us: took.spread(),
            wrong_lists: all.wrong,
            server_cpu_us_per_request: cost.server_cpu_us_per(requests),
            database_cpu_us_per_request: cost.database_cpu_us_per(requests),
        })
    }
}

/// Requests the lists of several users in turn. Of the lists, a sample is parsed, because parsing
/// all of them would take more of the machine than the server does.
async fn call(mut apis: Vec<Api>, groups: u64, until: Instant, took: Arc<Histogram>) -> Result<Received, Failure> {
    const PARSED_EVERY: u64 = 32;
    let (mut received, users) = (Received::default(), apis.len());
    for at in (0..users).cycle() {
        let started = Instant::now();
        let pages = apis[at].list().await?;
        took.record(started.elapsed());
        if received.requests.is_multiple_of(PARSED_EVERY) {
            let listed: Option<u64> = pages.iter().map(Answer::listed).sum();
            received.wrong += u64::from(listed != Some(groups));
        }
        received.requests += 1;
        received.bytes += pages.iter().map(|page| u64::try_from(page.body.len()).unwrap_or(0)).sum::<u64>();
        if Instant::now() >= until {
            break;
        }
    }
    Ok(received)
}
