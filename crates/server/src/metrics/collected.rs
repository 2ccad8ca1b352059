//! Metrics that are read from the parts of the service when they are requested.

use std::fmt;
use std::time::Instant;

use groups_store::{BATCH_SIZE_BOUNDS, Store};
use notify::Hub;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::bus::Bus;
use crate::clock;
use crate::health::Health;
use crate::peers::Peers;
use crate::relay_lag::RelayLags;
use crate::webhooks::WebhookStats;

/// The parts of the service that are read.
pub(crate) struct Collected {
    pub(crate) hub: Hub,
    pub(crate) store: Store,
    pub(crate) bus: Bus,
    pub(crate) health: Health,
    pub(crate) peers: std::sync::Arc<Peers>,
    pub(crate) lags: RelayLags,
    pub(crate) webhooks: WebhookStats,
}

impl fmt::Debug for Collected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collected").finish_non_exhaustive()
    }
}

impl Collector for Collected {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.sockets(&mut encoder)?;
        self.relays(&mut encoder)?;
        self.webhooks(&mut encoder)?;
        self.commits(&mut encoder)?;
        self.pool(&mut encoder)?;
        self.replica(&mut encoder)?;
        let up = i64::from;
        gauge(&mut encoder, "database_up", "Whether the database answers", up(self.health.has_database()))?;
        gauge(&mut encoder, "bus_up", "Whether messages from other servers arrive", up(self.bus.is_up()))?;
        let others = i64::try_from(self.peers.connections(Instant::now())).unwrap_or(i64::MAX);
        gauge(&mut encoder, "other_servers_websocket_connections", "WebSocket connections of other servers", others)?;
        let mut build = encoder.encode_descriptor("build", "Version of the server", None, MetricType::Info)?;
        build.encode_info(&[("version", env!("CARGO_PKG_VERSION"))])
    }
}

impl Collected {
    fn sockets(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let stats = self.hub.stats();
        let connections = i64::try_from(stats.connections).unwrap_or(i64::MAX);
        gauge(encoder, "websocket_connections", "WebSocket connections", connections)?;
        let queued = i64::try_from(stats.queue_bytes).unwrap_or(i64::MAX);
        gauge(encoder, "websocket_queue_bytes", "Bytes that wait in the queues of clients", queued)?;
        for (name, help, count) in [
            ("websocket_connections_accepted", "WebSocket upgrades that were accepted", stats.accepted),
            ("websocket_connections_refused", "WebSocket upgrades that the hub refused", stats.refused),
            ("websocket_frames_queued", "Messages queued for clients, without initial states", stats.frames_queued),
            ("websocket_frames_sent", "Frames passed to the sockets", stats.frames_sent),
            ("websocket_sent_bytes", "Bytes passed to the sockets", stats.bytes_sent),
            ("websocket_frames_received", "Frames received from clients", stats.frames_received),
            ("websocket_slow_consumers", "Clients that were closed because their queue overflowed", stats.overflows),
            (
                "websocket_ephemerals_dropped",
                "Typing events and answers to pings that were dropped",
                stats.ephemerals_dropped,
            ),
            ("websocket_loading_overflows", "Clients that were closed while loading", stats.journal_overflows),
            ("websocket_open_failures", "Initial states that could not be read", stats.open_failures),
            (
                "websocket_shut_down",
                "Sockets shut down because the client did not answer the close",
                stats.sockets_shut_down,
            ),
        ] {
            counter(encoder, name, help, count)?;
        }
        let help = "Closed WebSocket connections by close code; closes by clients count as 1000";
        let mut closes = encoder.encode_descriptor("websocket_closes", help, None, MetricType::Counter)?;
        for (code, count) in stats.closes {
            let labels = [("code", u32::from(code))];
            ConstCounter::new(count).encode(closes.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn relays(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Age of the oldest change that a sink was given and has not accepted; 0 if there is none";
        let mut lags = encoder.encode_descriptor("relay_lag_seconds", help, None, MetricType::Gauge)?;
        for (sink, lag) in self.lags.by_sink(clock::now()) {
            let labels = [("sink", &*sink)];
            ConstGauge::new(lag.as_secs_f64()).encode(lags.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn webhooks(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Attempts to deliver a message to a webhook, by outcome";
        let mut attempts = encoder.encode_descriptor("webhook_attempts", help, None, MetricType::Counter)?;
        for (outcome, count) in self.webhooks.attempts() {
            ConstCounter::new(count).encode(attempts.encode_family(&[("outcome", outcome)])?)?;
        }
        counter(encoder, "webhook_panics", "Panics in the task of a webhook", self.webhooks.panics())?;
        let help = "Age of the oldest change that was read for a webhook of this server and is not delivered";
        let lag = ConstGauge::new(self.webhooks.lag(clock::now()).as_secs_f64());
        lag.encode(encoder.encode_descriptor("webhook_lag_seconds", help, None, lag.metric_type())?)?;
        let size = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let (active, failing) = self.webhooks.active_and_failing();
        gauge(encoder, "webhooks_active", "Webhooks to which this server delivers", size(active))?;
        gauge(encoder, "webhooks_failing", "Those of them whose oldest message fails", size(failing))?;
        let help = "Paused webhooks in the database, by reason";
        let mut paused = encoder.encode_descriptor("webhooks_paused", help, None, MetricType::Gauge)?;
        for (reason, count) in self.webhooks.paused() {
            let count = ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX));
            count.encode(paused.encode_family(&[("reason", reason)])?)?;
        }
        Ok(())
    }

    fn commits(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let metrics = self.store.commit_metrics();
        let bounds = BATCH_SIZE_BOUNDS.iter().map(|bound| *bound as f64).chain([f64::MAX]);
        let buckets: Vec<(f64, u64)> = bounds.zip(metrics.batch_sizes).collect();
        let help = "Changes in one transaction of this server";
        let mut histogram = encoder.encode_descriptor("commit_batch_changes", help, None, MetricType::Histogram)?;
        histogram.encode_histogram::<NoLabelSet>(metrics.changes as f64, metrics.batches, &buckets, None)?;
        let help = "Reads of the log for sinks and webhooks; those at the same time share one";
        counter(encoder, "log_reads", help, self.store.log_reads())
    }

    fn pool(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let Some(pool) = self.store.pool_metrics() else { return Ok(()) };
        let size = |size: usize| i64::try_from(size).unwrap_or(i64::MAX);
        for (name, help, value) in [
            ("database_connections", "Open connections to PostgreSQL", pool.connections),
            ("database_connections_idle", "Connections to PostgreSQL that nobody uses", pool.idle),
            ("database_connections_max", "Maximum number of connections to PostgreSQL", pool.connections_max),
            ("database_connections_waiting", "Callers that wait for a connection to PostgreSQL", pool.waiting),
        ] {
            gauge(encoder, name, help, size(value))?;
        }
        Ok(())
    }

    fn replica(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let Some(replica) = self.store.replica_metrics() else { return Ok(()) };
        let help = "Whether the replica is read; 0 for a while after a failure";
        gauge(encoder, "replica_up", help, i64::from(replica.in_use))?;
        let help = "Initial states read from the database, by the server that was read";
        let mut openings = encoder.encode_descriptor("openings", help, None, MetricType::Counter)?;
        for (source, count) in [("replica", replica.replica), ("primary", replica.primary)] {
            ConstCounter::new(count).encode(openings.encode_family(&[("source", source)])?)?;
        }
        let help = "Reads for connecting clients that the replica did not answer, by reason";
        let mut fallbacks = encoder.encode_descriptor("replica_fallbacks", help, None, MetricType::Counter)?;
        for (reason, count) in replica.fallbacks {
            ConstCounter::new(count).encode(fallbacks.encode_family(&[("reason", reason.as_str())])?)?;
        }
        Ok(())
    }
}

fn counter(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, count: u64) -> fmt::Result {
    let metric = ConstCounter::new(count);
    metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: i64) -> fmt::Result {
    let metric = ConstGauge::new(value);
    metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
}
