//! Every limit, with what happens when it is reached.

use std::time::Duration;

/// What bounds the hub and each of its connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubLimits {
    /// A ping goes out so often; anything received counts as life, and a connection that gave no sign of it by the next
    /// ping is closed with 4002. Told to the client as `heartbeat_seconds`. 25 seconds.
    pub heartbeat: Duration,
    /// How often each worker looks at the clock for all its connections: the grain of every time below. 1 second.
    pub tick: Duration,
    /// Connections of one user, over all workers; one more is accepted and closed with 4502. 20; 0 admits none.
    pub connections_per_user_max: u32,
    /// So often a connection beyond that is accepted, to be closed. More of them are refused before the upgrade. 20 milliseconds.
    pub excess_interval: Duration,
    /// How many of them may come ahead of that average. 200.
    pub excess_burst: u32,
    /// Events that wait for one connection; one more closes it with 4001. 256 frames.
    pub queue_frames_max: usize,
    /// The same in bytes. 64 KiB.
    pub queue_bytes_max: usize,
    /// The same while the client takes its snapshot or missed events, and until it has caught up with what came meanwhile: with less,
    /// a slow reader of a long list in busy groups would never get to its end. 4,096 frames.
    pub opening_queue_frames_max: usize,
    /// The same in bytes. 1 MiB.
    pub opening_queue_bytes_max: usize,
    /// How long a closed connection may take to take its close frame and answer it; then its socket is shut down. 5 seconds.
    pub close_grace: Duration,
    /// How long a client may take nothing of its snapshot or missed events; then it is closed with 4001. 30 seconds.
    pub opening_stall: Duration,
    /// How long [`Source::open`](crate::Source::open) may take; then the connection is closed with 1012. 30 seconds.
    pub open_timeout: Duration,
    /// Reads under way at once, over all workers: of what a client begins with, and of each piece of its list. Further clients wait;
    /// users take turns. Default: 64.
    pub opens_max: usize,
    /// The same of one user. Further clients wait behind this user's others. Default: 2.
    pub opens_per_user_max: usize,
    /// Changes kept on a worker while clients load; when one more comes, those who have loaded longest are closed with
    /// 1012. 16,384.
    pub journal_changes_max: usize,
    /// The same in bytes, as [`Delivery::bytes`](crate::Delivery::bytes) counts them: with the change that would exceed it, the
    /// same happens. The changes are shared with the other workers. 16 MiB.
    pub journal_bytes_max: usize,
    /// Commands that wait for a worker (a command is a batch of changes, or somebody typing); then whoever delivers waits,
    /// and typing is dropped. 1,024.
    pub inbox_commands_max: usize,
    /// The batches among them in bytes, as [`Delivery::bytes`](crate::Delivery::bytes) counts them, rounded up to KiB for each
    /// batch; then [`deliver`](crate::EventSink::deliver) waits. A batch that is larger by itself waits until the worker has nothing else. 8 MiB.
    pub inbox_bytes_max: usize,
    /// Groups in one piece of a snapshot. 500, by the contract.
    pub snapshot_groups_max: usize,
    /// Bytes of one piece of a snapshot, before JSON escapes some of them; with the group that would exceed it, the next piece
    /// begins. A client that reads slowly holds two pieces, one of them encoded, and 25 bytes for each group. A WebSocket's frame is read as a whole: libraries limit it, often to 1 MiB, and on a slow line nothing else
    /// passes meanwhile. 256 KiB, which 500 groups with short descriptions stay below.
    pub snapshot_bytes_max: usize,
    /// A client's message in bytes, fragments together; a longer one closes with 1009. 4 KiB.
    pub message_bytes_max: usize,
    /// Frames of any kind that a client may send each second, averaged; beyond the burst it is closed with 4501. 20.
    pub messages_per_second: u32,
    /// How many frames it may send ahead of that average. 100.
    pub messages_burst: u32,
    /// The same state of typing in the same group is passed on once in this time for each user, whichever of the user's connections tells
    /// it; what repeats it is dropped. 2 seconds.
    pub typing_interval: Duration,
    /// Different ones that are passed on in that time for each user; more are dropped. 32, more than anybody types in at once.
    pub typing_states_per_user_max: usize,
    /// Users whose typing is passed on in that time; that of more is dropped. 65,536.
    pub typing_users_max: usize,
    /// For how long others believe that somebody types, `expires_in_seconds`. 6 seconds.
    pub typing_expiry: Duration,
    /// Between which times a client that was closed with 1012 comes again, in milliseconds.
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
            opens_max: 64,
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
            typing_interval: Duration::from_secs(2),
            typing_states_per_user_max: 32,
            typing_users_max: 65_536,
            typing_expiry: Duration::from_secs(6),
            retry_ms: (500, 5_000),
        }
    }
}

/// How the hub lets its clients go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drain {
    /// Over which time the closes are spread. 5 seconds.
    pub spread: Duration,
    /// How long to wait for the clients' answers after the last close. 5 seconds.
    pub wait: Duration,
    /// Between which times a client comes again, in milliseconds. 1,000 to 15,000.
    pub retry_ms: (u32, u32),
    /// Chooses the order in which they go.
    pub seed: u64,
}

impl Default for Drain {
    fn default() -> Self {
        Self { spread: Duration::from_secs(5), wait: Duration::from_secs(5), retry_ms: (1_000, 15_000), seed: 0 }
    }
}
