//! Rate limits per user, address and group: token buckets that are charged in proportion to the
//! work.
//!
//! docs/limits.md lists the prices. Costs beyond the entry price are charged once they are
//! known: members after the body is parsed and before the command is executed; responses after they
//! were written, which delays the next request.

mod answers;
mod buckets;
mod requests;

use std::time::{Duration, Instant};

use groups_domain::{Actor, Command, GroupId, UserId};

pub(crate) use self::answers::{charge_for_answers, charge_for_read};
pub(crate) use self::requests::charge_address;

use self::buckets::{Buckets, Rate};
use crate::client::{ClientAddress, Network};
use crate::door_metrics::DoorMetrics;
use crate::{Code, Problem};

/// Kinds of work. Each user has a separate bucket for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// A request that changes data.
    Change,
    /// A request with a new idempotency key.
    NewKey,
    /// A GET.
    Read,
    /// A WebSocket upgrade, or a stream of events.
    Upgrade,
    /// A typing event sent over HTTP.
    Typing,
}

/// Kinds of work that are limited by address. Each address has a separate bucket for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressWork {
    /// A sign-in in development mode.
    SignIn,
    /// A WebSocket upgrade or a stream of events, with or without a valid token.
    Upgrade,
    /// A request below `/v1`, with or without a valid token.
    Request,
    /// A token that is not signed with a known key.
    InvalidToken,
}

/// What is allowed per second. 0: no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rates {
    /// Changes of a user. The other limits per user, and the sign-ins of an address, derive from it.
    pub(crate) changes: u32,
    pub(crate) upgrades_per_address: u32,
    pub(crate) requests_per_address: u32,
    pub(crate) invalid_tokens_per_address: u32,
}

/// All rate limits of this server. Checks do not block.
pub(crate) struct Limiter {
    started: Instant,
    /// `None`: no limit.
    users: Option<Buckets<UserId, 5>>,
    /// Requests below `/v1/admin`. `None`: no limit.
    operators: Option<Buckets<UserId, 5>>,
    /// In the order of the variants of `AddressWork`. `None`: no limit.
    addresses: [Option<Buckets<Network, 1>>; 4],
    /// Time that the frames of a group take to send, in seconds. Always limited, because it
    /// protects users from each other.
    groups: Buckets<GroupId, 1>,
    metrics: DoorMetrics,
}

impl Limiter {
    /// Interval at which full buckets are discarded.
    pub(crate) const SWEEP_EVERY: Duration = Duration::from_secs(60);

    /// Maximum number of users, of addresses and of groups that are remembered. Beyond it, a key
    /// with full buckets is evicted, or else any other key, whose buckets are thereby full again.
    const KEYS_MAX: usize = 65_536;

    /// How much more than a user an operator may do in the same time: a backend acts for many users.
    const OPERATOR_FACTOR: f64 = 20.0;

    /// Minimum rate at which a group can send to all its connections together.
    const GROUP_BYTES_PER_SECOND: f64 = 8.0 * 1024.0 * 1024.0;

    /// Minimum rate per connection of a large group.
    const LINE_BYTES_PER_SECOND: f64 = 64.0 * 1024.0;

    /// How far a group may exceed these rates in a burst.
    const GROUP_BURST: Duration = Duration::from_secs(2);

    /// Burst of an address, in seconds at its rate.
    const ADDRESS_BURST: Duration = Duration::from_secs(20);

    pub(crate) fn new(rates: Rates, metrics: DoorMetrics) -> Self {
        let rate = f64::from(rates.changes);
        let per_second = |part: f64, burst_seconds| Rate::per_second(rate * part, Duration::from_secs(burst_seconds));
        let limited = rates.changes > 0;
        // In the order of the variants of `Work`.
        let users = |factor: f64| {
            let of_work = |part, burst_seconds| per_second(factor * part, burst_seconds);
            [of_work(1.0, 4), of_work(0.5, 16), of_work(10.0, 4), of_work(0.2, 20), of_work(0.5, 8)]
        };
        Self {
            started: Instant::now(),
            users: limited.then(|| Buckets::new(users(1.0), Self::KEYS_MAX)),
            operators: limited.then(|| Buckets::new(users(Self::OPERATOR_FACTOR), Self::KEYS_MAX)),
            addresses: [
                rate * 0.2,
                f64::from(rates.upgrades_per_address),
                f64::from(rates.requests_per_address),
                f64::from(rates.invalid_tokens_per_address),
            ]
            .map(|rate| {
                let of_address = || Buckets::new([Rate::per_second(rate, Self::ADDRESS_BURST)], Self::KEYS_MAX);
                (rate > 0.0).then(of_address)
            }),
            groups: Buckets::new([Rate::per_second(1.0, Self::GROUP_BURST)], Self::KEYS_MAX),
            metrics,
        }
    }

    /// Whether users are rate-limited.
    pub(crate) fn limits_users(&self) -> bool {
        self.users.is_some()
    }

    /// # Errors
    /// [`Code::RateLimited`], with the time to wait.
    pub(crate) fn charge(&self, payer: impl Into<Actor>, work: Work, price: f64) -> Result<(), Problem> {
        self.charge_more(payer, work, 0.0, price)
    }

    /// Charges the rest of the price for a request that has already paid a part.
    ///
    /// # Errors
    /// [`Code::RateLimited`], with the time to wait for the whole price.
    pub(crate) fn charge_more(
        &self,
        payer: impl Into<Actor>,
        work: Work,
        paid: f64,
        price: f64,
    ) -> Result<(), Problem> {
        let Some((buckets, user_id)) = self.of_payer(payer) else { return Ok(()) };
        let taken = buckets.take_more(self.now(), user_id, work as usize, paid, price);
        taken.map_err(|wait| self.refused(work.kind(), work.refusal(), wait))
    }

    /// Charges work that is already done. The user's next request waits until it is paid.
    pub(crate) fn charge_afterwards(&self, payer: impl Into<Actor>, work: Work, price: f64) {
        if let Some((buckets, user_id)) = self.of_payer(payer) {
            buckets.owe(self.now(), user_id, work as usize, price);
        }
    }

    /// Refunds tokens that were charged but not needed.
    pub(crate) fn give_back(&self, payer: impl Into<Actor>, work: Work, price: f64) {
        if let Some((buckets, user_id)) = self.of_payer(payer) {
            buckets.give_back(user_id, work as usize, price);
        }
    }

    /// The buckets of a caller; `None`: no limit.
    fn of_payer(&self, payer: impl Into<Actor>) -> Option<(&Buckets<UserId, 5>, UserId)> {
        let (buckets, user_id) = match payer.into() {
            Actor::Member(user_id) => (&self.users, user_id),
            Actor::Operator(user_id) => (&self.operators, user_id),
        };
        buckets.as_ref().map(|buckets| (buckets, user_id))
    }

    /// Charges an address for work that it is about to cause.
    ///
    /// # Errors
    /// [`Code::RateLimited`], with the time to wait.
    pub(crate) fn charge_address(&self, client: ClientAddress, work: AddressWork) -> Result<(), Problem> {
        let Some((buckets, address)) = self.of_address(client, work) else { return Ok(()) };
        let taken = buckets.take(self.now(), address, 0, 1.0);
        taken.map_err(|wait| self.refused(work.kind(), work.refusal(), wait))
    }

    /// Charges an address for work that is already done.
    pub(crate) fn charge_address_afterwards(&self, client: ClientAddress, work: AddressWork) {
        if let Some((buckets, address)) = self.of_address(client, work) {
            buckets.owe(self.now(), address, 0, 1.0);
        }
    }

    /// Checks whether an address has exceeded its rate.
    ///
    /// # Errors
    /// [`Code::RateLimited`], with the time to wait.
    pub(crate) fn check_address(&self, client: ClientAddress, work: AddressWork) -> Result<(), Problem> {
        let Some((buckets, address)) = self.of_address(client, work) else { return Ok(()) };
        let checked = buckets.check(self.now(), address, 0);
        checked.map_err(|wait| self.refused(work.kind(), work.refusal(), wait))
    }

    /// Whether addresses are limited in this work.
    pub(crate) fn limits_addresses(&self, work: AddressWork) -> bool {
        self.addresses[work as usize].is_some()
    }

    /// The buckets of an address; `None`: no limit. A Unix socket has no address; the operator controls
    /// access with file permissions.
    fn of_address(&self, client: ClientAddress, work: AddressWork) -> Option<(&Buckets<Network, 1>, Network)> {
        Some((self.addresses[work as usize].as_ref()?, client.network()?))
    }

    /// Checks whether a group may have another change now.
    ///
    /// # Errors
    /// [`Code::RateLimited`], with the time to wait.
    pub(crate) fn check_group(&self, group_id: GroupId) -> Result<(), Problem> {
        let taken = self.groups.check(self.now(), group_id, 0);
        taken.map_err(|wait| self.refused("group_traffic", "This group changes too fast. Try again later.", wait))
    }

    /// Charges a group for a change that was sent to `connections` connections with `bytes` bytes
    /// in total.
    pub(crate) fn charge_group(&self, group_id: GroupId, connections: usize, bytes: usize) {
        self.groups.owe(self.now(), group_id, 0, seconds_of_frames(connections, bytes));
    }

    /// Discards full buckets.
    pub(crate) fn sweep(&self) {
        let now = self.now();
        for users in [&self.users, &self.operators].into_iter().flatten() {
            users.sweep(now);
        }
        for addresses in self.addresses.iter().flatten() {
            addresses.sweep(now);
        }
        self.groups.sweep(now);
    }

    fn refused(&self, kind: &'static str, detail: &str, wait: Duration) -> Problem {
        self.metrics.refused(kind);
        let seconds = u32::try_from(wait.as_nanos().div_ceil(1_000_000_000)).unwrap_or(u32::MAX);
        Problem::new(Code::RateLimited, detail).retry_after(seconds)
    }

    fn now(&self) -> Duration {
        self.started.elapsed()
    }
}

impl Work {
    /// In the metrics.
    fn kind(self) -> &'static str {
        match self {
            Self::Change => "changes",
            Self::NewKey => "new_keys",
            Self::Read => "reads",
            Self::Upgrade => "upgrades",
            Self::Typing => "typing",
        }
    }

    fn refusal(self) -> &'static str {
        match self {
            Self::Change => "Too many changes. Try again later.",
            Self::NewKey => "Too many new idempotency keys. Try again later.",
            Self::Read => "Too many reads. Try again later.",
            Self::Upgrade => "Too many new connections. Try again later.",
            Self::Typing => "Too many typing requests. Try again later.",
        }
    }
}

impl AddressWork {
    /// In the metrics.
    fn kind(self) -> &'static str {
        match self {
            Self::SignIn => "sign_ins_of_address",
            Self::Upgrade => "upgrades_of_address",
            Self::Request => "requests_of_address",
            Self::InvalidToken => "invalid_tokens_of_address",
        }
    }

    fn refusal(self) -> &'static str {
        match self {
            Self::SignIn => "Too many sign-ins from this address.",
            Self::Upgrade => "Too many new connections from this address.",
            Self::Request => "Too many requests from this address.",
            Self::InvalidToken => "Too many invalid tokens from this address.",
        }
    }
}

/// Prices, in tokens.
pub(crate) mod price {
    use groups_domain::Command;

    /// Price of a request with a body of this length.
    pub(crate) fn request(body_bytes: usize) -> f64 {
        1.0 + body_bytes as f64 / 4_096.0
    }

    /// Price of the users named by a command; the first is free.
    pub(crate) fn members(command: &Command) -> f64 {
        super::members_of(command).saturating_sub(1) as f64 / 20.0
    }

    /// Price of a response of this length.
    pub(crate) fn answer(bytes: u64) -> f64 {
        bytes as f64 / 4_096.0
    }
}

fn members_of(command: &Command) -> usize {
    match command {
        Command::CreateGroup { members, .. } | Command::AddMembers(members) => members.len(),
        _ => 1,
    }
}

/// How long the frames of a change occupy their group, in seconds.
fn seconds_of_frames(connections: usize, bytes: usize) -> f64 {
    let rate = Limiter::GROUP_BYTES_PER_SECOND.max(connections as f64 * Limiter::LINE_BYTES_PER_SECOND);
    bytes as f64 / rate
}

#[cfg(test)]
mod tests {
    use groups_domain::NewMember;
    use uuid::Uuid;

    use super::*;

    fn limiter(changes: u32) -> Limiter {
        Limiter::new(Rates { changes, ..Rates::default() }, DoorMetrics::default())
    }

    fn user(number: u128) -> UserId {
        UserId::new(Uuid::from_u128(number))
    }

    #[test]
    fn each_kind_of_work_has_separate_buckets() {
        let limiter = limiter(50);
        while limiter.charge(user(1), Work::Change, 1.0).is_ok() {}
        for work in [Work::NewKey, Work::Read, Work::Upgrade, Work::Typing] {
            assert_eq!(limiter.charge(user(1), work, 1.0), Ok(()), "{work:?}");
        }
        assert_eq!(limiter.charge(user(2), Work::Change, 1.0), Ok(()));
    }

    #[test]
    fn an_operator_has_separate_and_larger_buckets() {
        let limiter = limiter(50);
        let accepted = |payer: Actor| (0..10_000).filter(|_| limiter.charge(payer, Work::Change, 1.0).is_ok()).count();
        let as_user = accepted(Actor::Member(user(1)));
        let as_operator = accepted(Actor::Operator(user(1)));
        assert!(as_user >= 200 && as_operator >= 4_000, "{as_user} and {as_operator}");
        assert!(as_operator < 10_000, "an operator is limited too");
    }

    #[test]
    fn a_rate_of_zero_means_no_limit_per_user() {
        let limiter = limiter(0);
        for _ in 0..10_000 {
            assert_eq!(limiter.charge(user(1), Work::Change, 1_000.0), Ok(()));
        }
    }

    #[test]
    fn members_and_bytes_are_charged() {
        let members: Vec<_> = (0..1_000).map(|number| NewMember::plain(user(number))).collect();
        assert!((price::members(&Command::AddMembers(members)) - 49.95).abs() < 0.001);
        assert!(price::members(&Command::DeleteGroup).abs() < 0.001);
        assert!((price::request(8_192) - 3.0).abs() < 0.001);
    }

    #[test]
    fn ordinary_groups_are_not_limited_and_amplification_is() {
        const SMALL: usize = 700;
        const LARGE: usize = 4_800;
        // Cost of one second with this many changes, connections, and bytes per frame.
        let second = |changes: f64, connections: usize, frame: usize| {
            changes * seconds_of_frames(connections, connections * frame)
        };
        assert!(second(100.0, 100, SMALL) < 1.0);
        assert!(second(1_000.0, 10, SMALL) < 1.0);
        assert!(second(400.0, 3, LARGE) < 1.0);
        assert!(second(20.0, 1_000, SMALL) < 1.0);
        assert!(second(20.0, 10_000, SMALL) < 1.0);
        assert!(second(75.0, 300, LARGE) > 4.0, "0.3 MB/s of changes to 300 connections");
    }

    #[test]
    fn a_group_beyond_its_traffic_limit_waits_and_others_do_not() {
        let limiter = limiter(0);
        let group = |number| GroupId::new(Uuid::from_u128(number));
        for _ in 0..100 {
            limiter.charge_group(group(1), 300, 300 * 4_800);
        }
        assert!(limiter.check_group(group(1)).is_err());
        assert_eq!(limiter.check_group(group(2)), Ok(()));
    }

    #[test]
    fn an_address_that_has_sent_too_many_invalid_tokens_waits() {
        let rates = Rates { invalid_tokens_per_address: 1, ..Rates::default() };
        let limiter = Limiter::new(rates, DoorMetrics::default());
        let client = |address: &str| ClientAddress::of_peer(address.parse().ok());
        let check = |address| limiter.check_address(client(address), AddressWork::InvalidToken);
        for _ in 0..20 {
            assert_eq!(check("192.0.2.1"), Ok(()));
            limiter.charge_address_afterwards(client("192.0.2.1"), AddressWork::InvalidToken);
        }
        limiter.charge_address_afterwards(client("192.0.2.1"), AddressWork::InvalidToken);
        assert!(check("192.0.2.1").is_err());
        assert_eq!(check("192.0.2.2"), Ok(()));
        assert_eq!(limiter.charge_address(client("192.0.2.1"), AddressWork::Request), Ok(()), "no limit is set");
    }
}
