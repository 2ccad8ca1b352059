//! All limits, and what happens when they are reached.

use std::time::Duration;

/// Limits of the hub and its connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubLimits {
    /// Interval between pings. Anything received counts as a sign of life; a connection without one
    /// until the next ping is closed with 4002. Sent to the client as `heartbeat_seconds`. Default:
    /// 25 seconds.
    pub heartbeat: Duration,
    /// How often each worker checks the clock for all its connections: the resolution of all times
    /// below. Default: 1 second.
    pub tick: Duration,
    /// Connections per user, over all workers. A further one is accepted and closed with 4502. 0
    /// admits none. Default: 20.
    pub connections_per_user_max: u32,
    /// Minimum average interval at which connections beyond that limit are accepted in order to be
    /// closed. More of them are refused before the upgrade. Default: 20 milliseconds.
    pub excess_interval: Duration,
    /// Burst of such connections. Default: 200.
    pub excess_burst: u32,
    /// Queued frames per connection. A further event closes it with 4001. Default: 256.
    pub queue_frames_max: usize,
    /// The same in bytes. Default: 64 KiB.
    pub queue_bytes_max: usize,
    /// Queued frames while the client is taking its snapshot or missed events, and until it has
    /// caught up. A lower limit would keep a slow reader of a long list in busy groups from ever
    /// finishing. Default: 4,096.
    pub opening_queue_frames_max: usize,
    /// The same in bytes. Default: 1 MiB.
    pub opening_queue_bytes_max: usize,
    /// How long the client may take to receive the close frame and answer it; then the socket is
    /// shut down. Default: 5 seconds.
    pub close_grace: Duration,
    /// How long a client may make no progress on its snapshot or missed events; then it is closed
    /// with 4001. Default: 30 seconds.
    pub opening_stall: Duration,
    /// Timeout of [`Source::open`](crate::Source::open); then the connection is closed with 1012.
    /// Default: 30 seconds.
    pub open_timeout: Duration,
    /// Concurrent reads of initial states and list pieces, over all workers. Further clients wait;
    /// users take turns. Default: 256.
    pub opens_max: usize,
    /// The same per user. Further clients wait behind this user's others. Default: 2.
    pub opens_per_user_max: usize,
    /// Changes that a worker keeps while clients load. Beyond it, the clients that have been
    /// loading longest are closed with 1012. Default: 16,384.
    pub journal_changes_max: usize,
    /// The same in bytes, as measured by [`Delivery::bytes`](crate::Delivery::bytes), and with the
    /// same effect. The changes are shared with the other workers. Default: 16 MiB.
    pub journal_bytes_max: usize,
    /// Queued commands per worker (a command is a batch of changes or a typing event). When the
    /// queue is full, `deliver` waits and typing events are dropped. Default: 1,024.
    pub inbox_commands_max: usize,
    /// Size of the queued batches in bytes, as measured by
    /// [`Delivery::bytes`](crate::Delivery::bytes) and rounded up to KiB per batch. When the queue
    /// is full, [`deliver`](crate::EventSink::deliver) waits. A larger batch waits until the queue
    /// is empty. Default: 8 MiB.
    pub inbox_bytes_max: usize,
    /// Groups in one piece of a snapshot. Default: 500, as the contract says.
    pub snapshot_groups_max: usize,
    /// Size of one piece of a snapshot in bytes, before JSON escaping. The group that would exceed
    /// it starts the next piece. For a slow client the server holds two pieces as JSON,
    /// and 25 bytes per group. Clients receive a WebSocket frame as a whole: libraries
    /// limit its size, often to 1 MiB, and on a slow line it blocks everything else. Default: 256
    /// KiB, which is enough for 500 groups with short descriptions.
    pub snapshot_bytes_max: usize,
    /// Size of a client message in bytes, including all fragments. A longer one closes the
    /// connection with 1009. Default: 4 KiB.
    pub message_bytes_max: usize,
    /// Average rate of frames of any kind that a client may send, per second. A client that exceeds
    /// it beyond the burst is closed with 4501. Default: 20.
    pub messages_per_second: u32,
    /// Burst of frames that a client may send. Default: 100.
    pub messages_burst: u32,
    /// How long before its token expires a client is told so (`token_expiring`), once for each token.
    /// Default: 60 seconds.
    pub token_warning: Duration,
    /// How long the check of a token may take with which a client renews its connection; then the client
    /// gets an `error` with the code `unavailable`. Default: 15 seconds.
    pub authenticate_timeout: Duration,
    /// Interval within which the same typing state of a user in a group is forwarded only once,
    /// whichever of the user's connections sends it. Repetitions are dropped. Default: 2 seconds.
    pub typing_interval: Duration,
    /// Different typing states forwarded per user in that interval; more are dropped. Default: 32.
    pub typing_states_per_user_max: usize,
    /// Users whose typing is forwarded in that interval; that of others is dropped. Default:
    /// 65,536.
    pub typing_users_max: usize,
    /// How long a typing indicator is valid (`expires_in_seconds`). Default: 6 seconds.
    pub typing_expiry: Duration,
    /// Range of the reconnect delay after a close with 1012, in milliseconds.
    pub retry_ms: (u32, u32),
}

impl Default for HubLimits {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_secs(25),
            tick: Duration::from_secs(1),
            connections_per_user_max: 20,
            excess_interval: Duration::from_millis(20),
            excess_burst: 200,
            queue_frames_max: 256,
            queue_bytes_max: 64 * 1024,
            opening_queue_frames_max: 4_096,
            opening_queue_bytes_max: 1024 * 1024,
            close_grace: Duration::from_secs(5),
            opening_stall: Duration::from_secs(30),
            open_timeout: Duration::from_secs(30),
            opens_max: 256,
            opens_per_user_max: 2,
            journal_changes_max: 16_384,
            journal_bytes_max: 16 * 1024 * 1024,
            inbox_commands_max: 1_024,
            inbox_bytes_max: 8 * 1024 * 1024,
            snapshot_groups_max: 500,
            snapshot_bytes_max: 256 * 1024,
            message_bytes_max: 4 * 1024,
            messages_per_second: 20,
            messages_burst: 100,
            token_warning: Duration::from_secs(60),
            authenticate_timeout: Duration::from_secs(15),
            typing_interval: Duration::from_secs(2),
            typing_states_per_user_max: 32,
            typing_users_max: 65_536,
            typing_expiry: Duration::from_secs(6),
            retry_ms: (500, 5_000),
        }
    }
}

/// Options for [`Hub::drain`](crate::Hub::drain).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drain {
    /// Period over which the closes are spread. Default: 5 seconds.
    pub spread: Duration,
    /// How long to wait for the clients' close frames after the last close. Default: 5 seconds.
    pub wait: Duration,
    /// Range of the reconnect delay, in milliseconds. Default: 1,000 to 15,000.
    pub retry_ms: (u32, u32),
    /// Seed of the random order in which clients are closed.
    pub seed: u64,
}

impl Default for Drain {
    fn default() -> Self {
        Self { spread: Duration::from_secs(5), wait: Duration::from_secs(5), retry_ms: (1_000, 15_000), seed: 0 }
    }
}
