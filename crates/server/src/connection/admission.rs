//! Admission control: limits the connections that have not shown a valid token.
//!
//! If an address, or the server in total, has too many such connections, the one that has been
//! silent longest is closed to make room for the new one. A client that floods the server with
//! silent connections therefore evicts its own. Normal clients are not affected, because they send
//! a request with their token right after connecting. If thousands connect at once, more requests
//! may wait in the kernel than connections are allowed: an evicted connection is closed when there
//! is nothing to read from it, or after one more response.
//!
//! A connection with a token only counts towards the total. A proxy opens all its connections from
//! one address and forwards everyone's requests; each connection is anonymous until its first
//! request with a valid token.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Context;

use futures_util::task::AtomicWaker;

use crate::client::{ClientAddress, Network};
use crate::door_metrics::{CloseReason, DoorMetrics};

/// Limits on the number of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AdmissionLimits {
    /// All connections.
    pub(crate) connections_max: usize,
    /// Connections without a token.
    pub(crate) anonymous_max: usize,
    /// Connections without a token per IPv4 address or IPv6 /64.
    pub(crate) anonymous_per_address_max: usize,
}

impl AdmissionLimits {
    /// Caps the configured limits (0: no limit) to what the file descriptors allow: at most half of
    /// the connections may be without a token, and a quarter may come from one address.
    pub(crate) fn new(connections_max: usize, anonymous_max: usize, anonymous_per_address_max: usize) -> Self {
        let within = |wanted: usize, most: usize| if wanted == 0 { usize::MAX } else { wanted.min(most.max(1)) };
        Self {
            connections_max,
            anonymous_max: within(anonymous_max, connections_max / 2),
            anonymous_per_address_max: within(anonymous_per_address_max, connections_max / 4),
        }
    }
}

/// Admits or rejects new connections. Cheap to clone; all clones share the same state.
#[derive(Clone)]
pub(crate) struct Admission(Arc<Inner>);

struct Inner {
    limits: AdmissionLimits,
    metrics: DoorMetrics,
    connections: AtomicUsize,
    anonymous: Mutex<Anonymous>,
}

/// Connections without a token, by address, oldest first.
#[derive(Default)]
struct Anonymous {
    count: usize,
    next: u64,
    addresses: HashMap<Address, BTreeMap<u64, Arc<Slot>>>,
}

/// The unit that the limit per address counts. `None`: all peers on Unix sockets.
type Address = Option<Network>;

/// State shared between the admission and one connection.
#[derive(Default)]
struct Slot {
    /// A request handler is running.
    busy: AtomicBool,
    /// The connection must close once it is silent.
    evicted: AtomicBool,
    /// An evicted connection has completed a request without a token.
    over: AtomicBool,
    connection: AtomicWaker,
}

/// The admission of one connection that uses HTTP. Dropping it ends the admission.
pub(crate) struct Ticket {
    /// `None` if it was taken.
    place: Option<Place>,
    inner: Arc<Inner>,
    /// `Some` until a token was shown.
    anonymous: Option<(Address, u64, Arc<Slot>)>,
}

/// Counts as a connection. Dropping it makes room for another one.
pub(crate) struct Place(Arc<Inner>);

/// The connection limit is reached.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many connections")]
pub(crate) struct Full;

impl Admission {
    pub(crate) fn new(limits: AdmissionLimits, metrics: DoorMetrics) -> Self {
        Self(Arc::new(Inner { limits, metrics, connections: AtomicUsize::new(0), anonymous: Mutex::default() }))
    }

    /// Admits a connection, evicting another one if a limit is reached.
    ///
    /// # Errors
    /// [`Full`] if a limit is reached and no connection can be evicted, because each has a running
    /// handler or has shown a token.
    pub(crate) fn enter(&self, client: ClientAddress) -> Result<Ticket, Full> {
        let inner = &self.0;
        let mut anonymous = inner.anonymous();
        inner.make_room(&mut anonymous, client.network())?;
        let crowded = anonymous.count >= inner.limits.anonymous_max;
        if (crowded || inner.connections.load(Relaxed) >= inner.limits.connections_max)
            && !inner.evicted(anonymous.evict_any())
        {
            return Err(inner.full());
        }
        inner.connections.fetch_add(1, Relaxed);
        let anonymous = Some(anonymous.insert(client.network(), Arc::default()));
        Ok(Ticket { place: Some(Place(Arc::clone(inner))), inner: Arc::clone(inner), anonymous })
    }
}

impl Inner {
    /// Makes room for one more connection of an address.
    fn make_room(&self, anonymous: &mut Anonymous, address: Address) -> Result<(), Full> {
        let of_address = anonymous.addresses.get(&address).map_or(0, BTreeMap::len);
        let has_room = of_address < self.limits.anonymous_per_address_max;
        if has_room || self.evicted(anonymous.evict(address)) { Ok(()) } else { Err(self.full()) }
    }

    fn evicted(&self, evicted: bool) -> bool {
        if evicted {
            self.metrics.connection_closed(CloseReason::Evicted);
        }
        evicted
    }

    fn full(&self) -> Full {
        self.metrics.connection_closed(CloseReason::Full);
        Full
    }

    fn anonymous(&self) -> MutexGuard<'_, Anonymous> {
        self.anonymous.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Anonymous {
    fn insert(&mut self, address: Address, slot: Arc<Slot>) -> (Address, u64, Arc<Slot>) {
        let number = self.next;
        self.next += 1;
        self.count += 1;
        self.addresses.entry(address).or_default().insert(number, Arc::clone(&slot));
        (address, number, slot)
    }

    /// Evicts the oldest connection of an address that has no running handler.
    fn evict(&mut self, address: Address) -> bool {
        let Some(seats) = self.addresses.get(&address) else { return false };
        let Some((number, slot)) = seats.iter().find(|(_, slot)| !slot.busy.load(Relaxed)) else { return false };
        let (number, slot) = (*number, Arc::clone(slot));
        self.remove(address, number);
        slot.evicted.store(true, SeqCst);
        slot.connection.wake();
        true
    }

    /// Evicts a connection of the address that has the most.
    fn evict_any(&mut self) -> bool {
        let busiest = self.addresses.iter().max_by_key(|(_, seats)| seats.len()).map(|(address, _)| *address);
        busiest.is_some_and(|address| self.evict(address))
    }

    fn remove(&mut self, address: Address, number: u64) {
        if let Some(seats) = self.addresses.get_mut(&address)
            && seats.remove(&number).is_some()
        {
            self.count -= 1;
            if seats.is_empty() {
                self.addresses.remove(&address);
            }
        }
    }
}

impl Ticket {
    /// Counts the connection under another address, now that its proxy has named the client.
    ///
    /// # Errors
    /// [`Full`] as for [`Admission::enter`].
    pub(crate) fn move_to(&mut self, client: ClientAddress) -> Result<(), Full> {
        let Some((address, number, slot)) = self.anonymous.take() else { return Ok(()) };
        let mut anonymous = self.inner.anonymous();
        anonymous.remove(address, number);
        self.inner.make_room(&mut anonymous, client.network())?;
        self.anonymous = Some(anonymous.insert(client.network(), slot));
        Ok(())
    }

    /// Counts that the server closes the connection.
    pub(crate) fn closed(&self, reason: CloseReason) {
        self.inner.metrics.connection_closed(reason);
    }

    /// Marks the connection as authenticated.
    pub(super) fn authenticated(&mut self) {
        if let Some((address, number, _)) = self.anonymous.take() {
            self.inner.anonymous().remove(address, number);
        }
    }

    /// Takes the place, for a connection that no longer uses HTTP.
    pub(super) fn take_place(&mut self) -> Option<Place> {
        self.place.take()
    }

    /// Sets whether a handler is running for the connection. Such a connection is not evicted.
    pub(super) fn set_busy(&self, busy: bool) {
        if let Some((_, _, slot)) = &self.anonymous {
            let was_busy = slot.busy.swap(busy, Relaxed);
            if was_busy && !busy && slot.evicted.load(SeqCst) {
                slot.over.store(true, Relaxed);
            }
        }
    }

    /// Whether a connection from which nothing can be read must close. If not yet, `cx` is woken
    /// when that may have changed.
    pub(crate) fn is_evicted(&self, cx: &Context<'_>) -> bool {
        self.anonymous.as_ref().is_some_and(|(_, _, slot)| {
            slot.connection.register(cx.waker());
            slot.evicted.load(SeqCst) && !slot.busy.load(Relaxed)
        })
    }

    /// Whether the connection must close, even if it has sent more requests.
    pub(super) fn is_over(&self) -> bool {
        self.anonymous.as_ref().is_some_and(|(_, _, slot)| slot.over.load(Relaxed))
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.authenticated();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use std::task::Waker;

    use super::*;

    fn door(connections_max: usize, anonymous_max: usize, anonymous_per_address_max: usize) -> Admission {
        let limits = AdmissionLimits { connections_max, anonymous_max, anonymous_per_address_max };
        Admission::new(limits, DoorMetrics::default())
    }

    fn ip(text: &str) -> ClientAddress {
        ClientAddress::of_peer(Some(text.parse().unwrap()))
    }

    fn goes(ticket: &Ticket) -> bool {
        ticket.is_evicted(&Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_newcomer_replaces_the_oldest_silent_connection_of_its_address() {
        let door = door(100, 100, 3);
        let enter = |address| door.enter(ip(address)).unwrap();
        let others = [enter("192.0.2.2"), enter("2001:db8::1")];
        let flood: Vec<_> = (0..10).map(|_| enter("192.0.2.1")).collect();
        let gone: Vec<_> = flood.iter().map(goes).collect();
        assert_eq!(gone, [true, true, true, true, true, true, true, false, false, false]);
        assert!(!others.iter().any(goes));
    }

    #[test]
    fn an_address_is_an_ipv4_address_or_an_ipv6_network() {
        let door = door(100, 100, 1);
        let first = door.enter(ip("2001:db8:0:1::1")).unwrap();
        let _other_network = door.enter(ip("2001:db8:0:2::1")).unwrap();
        assert!(!goes(&first));
        let _same_network = door.enter(ip("2001:db8:0:1:ffff::2")).unwrap();
        assert!(goes(&first));
        let mapped = door.enter(ip("::ffff:192.0.2.1")).unwrap();
        let _same = door.enter(ip("192.0.2.1")).unwrap();
        assert!(goes(&mapped));
    }

    #[test]
    fn at_the_total_limit_the_address_with_the_most_connections_makes_room() {
        let door = door(100, 4, 100);
        let quiet = door.enter(ip("192.0.2.2")).unwrap();
        let flood: Vec<_> = (0..3).map(|_| door.enter(ip("192.0.2.1")).unwrap()).collect();
        let newcomer = door.enter(ip("192.0.2.3")).unwrap();
        assert!(!goes(&quiet) && !goes(&newcomer));
        assert_eq!(flood.iter().map(goes).collect::<Vec<_>>(), [true, false, false]);
    }

    #[test]
    fn a_connection_with_a_token_does_not_count_and_is_not_replaced() {
        let door = door(100, 100, 2);
        let mut proxy: Vec<_> = (0..50)
            .map(|_| {
                let mut ticket = door.enter(ip("192.0.2.1")).unwrap();
                ticket.authenticated();
                ticket
            })
            .collect();
        assert!(!proxy.iter().any(goes));
        proxy.truncate(10);
        assert_eq!(door.0.connections.load(Relaxed), 10);
        assert_eq!(door.0.anonymous().count, 0);
        assert!(door.0.anonymous().addresses.is_empty());
    }

    #[test]
    fn a_connection_that_leaves_http_still_counts() {
        let door = door(1, 100, 100);
        let mut ticket = door.enter(ip("192.0.2.1")).unwrap();
        ticket.authenticated();
        let place = ticket.take_place();
        drop(ticket);
        assert_eq!(door.enter(ip("192.0.2.2")).err(), Some(Full));
        drop(place);
        door.enter(ip("192.0.2.2")).unwrap();
    }

    #[test]
    fn a_connection_is_refused_only_if_none_can_be_closed() {
        let door = door(100, 100, 2);
        let busy = [door.enter(ip("192.0.2.1")).unwrap(), door.enter(ip("192.0.2.1")).unwrap()];
        busy.iter().for_each(|ticket| ticket.set_busy(true));
        assert_eq!(door.enter(ip("192.0.2.1")).err(), Some(Full));
        door.enter(ip("192.0.2.2")).unwrap();
        busy[1].set_busy(false);
        door.enter(ip("192.0.2.1")).unwrap();
        assert!(goes(&busy[1]) && !goes(&busy[0]));
    }

    #[test]
    fn an_evicted_connection_has_one_more_request() {
        let door = door(100, 100, 1);
        let enter = || door.enter(ip("192.0.2.1")).unwrap();
        let (mut first, mut second, _third) = (enter(), enter(), enter());
        assert!(goes(&first) && !first.is_over() && goes(&second));
        first.set_busy(true);
        assert!(!goes(&first));
        first.set_busy(false);
        assert!(goes(&first) && first.is_over());
        second.set_busy(true);
        second.authenticated();
        second.set_busy(false);
        assert!(!goes(&second) && !second.is_over());
        first.authenticated();
        assert!(!first.is_over());
    }

    #[test]
    fn a_connection_through_a_proxy_counts_under_the_address_of_its_client() {
        let door = door(100, 100, 2);
        let mut through: Vec<_> = (0..2).map(|_| door.enter(ip("10.0.0.1")).unwrap()).collect();
        through.iter_mut().for_each(|ticket| ticket.move_to(ip("192.0.2.1")).unwrap());
        let _health_check = door.enter(ip("10.0.0.1")).unwrap();
        let mut third = door.enter(ip("10.0.0.1")).unwrap();
        assert!(!through.iter().any(goes));
        third.move_to(ip("192.0.2.1")).unwrap();
        assert_eq!(through.iter().map(goes).collect::<Vec<_>>(), [true, false]);
        through.iter().for_each(|ticket| ticket.set_busy(true));
        third.set_busy(true);
        let mut fourth = door.enter(ip("10.0.0.1")).unwrap();
        assert_eq!(fourth.move_to(ip("192.0.2.1")), Err(Full));
        drop((through, third, fourth));
        assert_eq!(door.0.anonymous().count, 1);
    }

    #[test]
    fn connections_without_a_token_make_room_for_others() {
        let door = door(2, 100, 100);
        let mut known = door.enter(ip("192.0.2.1")).unwrap();
        known.authenticated();
        let silent = door.enter(ip("192.0.2.1")).unwrap();
        let mut newcomer = door.enter(ip("192.0.2.2")).unwrap();
        assert!(goes(&silent));
        newcomer.authenticated();
        drop(silent);
        assert_eq!(door.enter(ip("192.0.2.3")).err(), Some(Full));
        drop(known);
        door.enter(ip("192.0.2.3")).unwrap();
    }

    #[test]
    fn the_limits_are_capped_by_the_file_descriptors() {
        let limits = AdmissionLimits::new(1_000, 4_096, 1_024);
        assert_eq!((limits.anonymous_max, limits.anonymous_per_address_max), (500, 250));
        let limits = AdmissionLimits::new(100_000, 4_096, 0);
        assert_eq!((limits.anonymous_max, limits.anonymous_per_address_max), (4_096, usize::MAX));
    }
}
