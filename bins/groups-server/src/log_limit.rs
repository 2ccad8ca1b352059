//! Rate-limits repeated log lines, so that a client cannot fill the disk by causing the same event
//! repeatedly.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tracing::callsite::Identifier;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// Maximum number of lines per code location in a [`WINDOW`]. The first lines show what is
/// happening; the others are only counted.
const LINES_PER_WINDOW_MAX: u32 = 20;

const WINDOW: Duration = Duration::from_secs(60);

/// Drops lines over the limit. `debug` and `trace` are not limited, because an operator who enables
/// them wants all lines.
#[derive(Clone, Default)]
pub(crate) struct LogLimit(Arc<Mutex<HashMap<Identifier, Place>>>);

/// State of one code location.
struct Place {
    metadata: &'static Metadata<'static>,
    lines: Lines,
    dropped: u64,
}

/// Counts of one window.
struct Lines {
    since: Instant,
    count: u32,
}

impl Lines {
    fn admit(&mut self, now: Instant) -> bool {
        if now.saturating_duration_since(self.since) >= WINDOW {
            *self = Self { since: now, count: 0 };
        }
        let admitted = self.count < LINES_PER_WINDOW_MAX;
        self.count += u32::from(admitted);
        admitted
    }
}

impl LogLimit {
    /// Starts a thread that logs once a minute how many lines were dropped.
    pub(crate) fn report(&self) {
        let limit = self.clone();
        // If the thread cannot start, only the reports are missing.
        let _ = thread::Builder::new().name("groups-log-limit".to_owned()).spawn(move || {
            loop {
                thread::sleep(WINDOW);
                limit.report_dropped();
            }
        });
    }

    fn report_dropped(&self) {
        // Not under the lock, which every event takes.
        for (metadata, dropped) in self.take_dropped() {
            let (of, line) = (metadata.target(), metadata.line());
            tracing::info!(dropped, of, line, "repeated lines were left out");
        }
    }

    fn take_dropped(&self) -> Vec<(&'static Metadata<'static>, u64)> {
        let mut places = self.places();
        let dropped = places.values_mut().map(|place| (place.metadata, std::mem::take(&mut place.dropped)));
        dropped.filter(|(_, dropped)| *dropped > 0).collect()
    }

    fn admits(&self, metadata: &'static Metadata<'static>, now: Instant) -> bool {
        if *metadata.level() > Level::INFO {
            return true;
        }
        let mut places = self.places();
        let fresh = Place { metadata, lines: Lines { since: now, count: 0 }, dropped: 0 };
        let place = places.entry(metadata.callsite()).or_insert(fresh);
        let admitted = place.lines.admit(now);
        place.dropped += u64::from(!admitted);
        admitted
    }

    fn places(&self) -> MutexGuard<'_, HashMap<Identifier, Place>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Subscriber> Layer<S> for LogLimit {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        self.admits(event.metadata(), Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_first_lines_of_a_code_location_are_logged_and_the_rest_are_counted() {
        let (written, limit) = (Written::default(), LogLimit::default());
        let to = written.clone();
        let log = tracing_subscriber::fmt()
            .with_max_level(Level::DEBUG)
            .with_ansi(false)
            .with_writer(move || to.clone())
            .finish();
        tracing::subscriber::with_default(log.with(limit.clone()), || {
            for number in 0..500 {
                tracing::error!(number, "a flood");
                tracing::debug!(number, "asked for");
            }
            tracing::warn!("something else");
            limit.report_dropped();
            limit.report_dropped();
        });
        let text = String::from_utf8_lossy(&written.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned();
        let count = |what: &str| text.matches(what).count();
        assert_eq!([count("a flood"), count("asked for"), count("something else")], [20, 500, 1]);
        assert_eq!([count("repeated lines were left out"), count("dropped=480")], [1, 1]);
    }

    #[test]
    fn a_code_location_can_log_again_after_a_minute() {
        let start = Instant::now();
        let mut lines = Lines { since: start, count: 0 };
        let mut admitted = |seconds| (0..100).filter(|_| lines.admit(start + Duration::from_secs(seconds))).count();
        assert_eq!([admitted(0), admitted(59), admitted(60), admitted(119), admitted(120)], [20, 0, 20, 0, 20]);
    }
}
