//! Metrics for Prometheus.
//!
//! Labels are bounded: methods, path patterns, statuses, codes and kinds, never ids. What other parts
//! of the service count anyway is read when the metrics are requested ([`Collected`]).

mod collected;
mod format;
mod measure;
mod process;

use groups_domain::ChangeKind;
use groups_store::JobKind;
use notify::SentChange;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

pub(crate) use self::collected::Collected;
pub(crate) use self::format::Format;
pub(crate) use self::measure::measure;
use self::process::Process;
use crate::clock;
use crate::door_metrics::DoorMetrics;

/// Upper bounds of the buckets of response times, in seconds.
const REQUEST_SECONDS: [f64; 12] = [0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// Upper bounds of the buckets of delivery times, in seconds.
const DELIVERY_SECONDS: [f64; 13] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 30.0, 300.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Request {
    method: &'static str,
    path: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Response {
    method: &'static str,
    path: String,
    status: u32,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ByCode {
    code: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ByAction {
    action: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct BySource {
    source: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct EndedJob {
    kind: &'static str,
    result: &'static str,
}

/// Where the initial state of a client came from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum StateSource {
    /// Missed changes from memory.
    Memory,
    /// Missed changes from the log.
    Log,
    /// The whole list.
    Snapshot,
}

/// What the service counts as it happens. Clones share the counters.
#[derive(Clone)]
pub(crate) struct Metrics {
    responses: Family<Response, Counter>,
    request_seconds: Family<Request, Histogram, fn() -> Histogram>,
    problems: Family<ByCode, Counter>,
    changes: Family<ByAction, Counter>,
    delivery_seconds: Histogram,
    initial_states: Family<BySource, Counter>,
    door: DoorMetrics,
    jobs: Family<EndedJob, Counter>,
    job_retries: Counter,
    jobs_running: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let jobs = Family::<EndedJob, Counter>::default();
        for kind in [JobKind::Leave, JobKind::Erase] {
            for succeeded in [true, false] {
                // From the start, so that the first failure is an increase.
                drop(jobs.get_or_create(&ended_job(kind, succeeded)));
            }
        }
        Self {
            responses: Family::default(),
            request_seconds: Family::new_with_constructor(|| Histogram::new(REQUEST_SECONDS)),
            problems: Family::default(),
            changes: Family::default(),
            delivery_seconds: Histogram::new(DELIVERY_SECONDS),
            initial_states: Family::default(),
            door: DoorMetrics::default(),
            jobs,
            job_retries: Counter::default(),
            jobs_running: Gauge::default(),
        }
    }

    /// What the server refuses.
    pub(crate) fn door(&self) -> &DoorMetrics {
        &self.door
    }

    /// Counts a change that clients of this server may receive, whichever server made it.
    pub(crate) fn change(&self, kind: &ChangeKind) {
        self.changes.get_or_create(&ByAction { action: action(kind) }).inc();
    }

    /// Counts changes that were written to the sockets of clients, by their age.
    pub(crate) fn sent(&self, changes: &[SentChange]) {
        let now = clock::now().unix_millis();
        for change in changes {
            let millis = now.saturating_sub(change.at.unix_millis()).max(0);
            self.delivery_seconds.observe(millis as f64 / 1_000.0);
        }
    }

    pub(crate) fn initial_state(&self, source: StateSource) {
        let source = match source {
            StateSource::Memory => "memory",
            StateSource::Log => "log",
            StateSource::Snapshot => "snapshot",
        };
        self.initial_states.get_or_create(&BySource { source }).inc();
    }

    /// This server has begun or continued a job.
    pub(crate) fn job_begins(&self) {
        self.jobs_running.inc();
    }

    /// This server no longer executes a job, because the job has ended or another server has it.
    pub(crate) fn job_stops(&self) {
        self.jobs_running.dec();
    }

    pub(crate) fn job_ended(&self, kind: JobKind, succeeded: bool) {
        self.jobs.get_or_create(&ended_job(kind, succeeded)).inc();
    }

    pub(crate) fn job_retried(&self) {
        self.job_retries.inc();
    }

    /// All metrics of the service under their names.
    pub(crate) fn registry(&self, collected: Collected) -> Registry {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Process));
        let groups = registry.sub_registry_with_prefix("groups");
        groups.register_collector(Box::new(collected));
        groups.register("http_requests", "HTTP responses below /v1", self.responses.clone());
        groups.register(
            "http_request_duration_seconds",
            "Time from the head of a request below /v1 to the head of its response",
            self.request_seconds.clone(),
        );
        groups.register("problems", "HTTP error responses by code", self.problems.clone());
        groups.register("changes", "Changes of groups, made by any server on the database", self.changes.clone());
        groups.register(
            "delivery_seconds",
            "Age of a change when the connections of a worker have sent it, since its request was accepted",
            self.delivery_seconds.clone(),
        );
        groups.register(
            "initial_states",
            "Initial states of connecting clients: missed changes from memory or from the log, or a snapshot",
            self.initial_states.clone(),
        );
        self.door.register(groups);
        groups.register("jobs", "Jobs that this server has ended", self.jobs.clone());
        groups.register("job_retries", "Steps of jobs that have failed and are repeated", self.job_retries.clone());
        groups.register("jobs_running", "Jobs that this server executes now", self.jobs_running.clone());
        registry
    }
}

/// The metrics as text.
pub(crate) fn text(registry: &Registry, format: Format) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    encode(&mut text, registry)?;
    Ok(format.of_open_metrics(text))
}

fn ended_job(kind: JobKind, succeeded: bool) -> EndedJob {
    let kind = match kind {
        JobKind::Leave => "leave",
        JobKind::Erase => "erase",
    };
    EndedJob { kind, result: if succeeded { "done" } else { "failed" } }
}

/// The same names as in the history.
fn action(kind: &ChangeKind) -> &'static str {
    match kind {
        ChangeKind::GroupCreated { .. } => "group_created",
        ChangeKind::SettingsChanged { .. } => "settings_changed",
        ChangeKind::MembersAdded { .. } => "members_added",
        ChangeKind::MemberRemoved { .. } => "member_removed",
        ChangeKind::MemberLeft { .. } => "member_left",
        ChangeKind::RoleChanged { .. } => "role_changed",
        ChangeKind::OwnershipTransferred { .. } => "owner_changed",
        ChangeKind::GroupDeleted => "group_deleted",
        ChangeKind::Joined { .. } => "member_added",
        ChangeKind::Invited { .. } => "invited",
        ChangeKind::InvitationEnded { .. } => "invitation_ended",
        ChangeKind::JoinRequested { .. } => "join_requested",
        ChangeKind::JoinRequestEnded { .. } => "join_request_ended",
        ChangeKind::Banned { .. } => "banned",
        ChangeKind::Unbanned { .. } => "unbanned",
        ChangeKind::LinkCreated { .. } => "link_created",
        ChangeKind::LinksRevoked { .. } => "link_revoked",
    }
}
