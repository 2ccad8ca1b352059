//! Writes to standard output and standard error without ever blocking on their reader.
//!
//! Logging is best effort. A reader that goes away (`| tee` ends), a reader that stalls, or a full
//! disk must neither block a request nor end the process. Therefore lines are queued and written by
//! a thread; lines that do not fit or cannot be written are dropped and counted.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Maximum number of queued bytes. Beyond it the newest lines are dropped, because the oldest show
/// how a problem started.
const WAITING_BYTES_MAX: usize = 1024 * 1024;

/// Queues lines, which a separate thread writes. Cheap to clone; all clones write to the same
/// output.
#[derive(Clone)]
pub(crate) struct Output(Arc<Shared>);

struct Shared {
    queue: Mutex<Queue>,
    /// Signals that a line was queued or written.
    moved: Condvar,
    waiting_bytes_max: usize,
}

#[derive(Default)]
struct Queue {
    lines: VecDeque<Box<[u8]>>,
    /// Bytes queued or being written.
    bytes: usize,
    /// Number of dropped lines that were not reported yet.
    dropped: u64,
}

impl Output {
    /// Starts the thread. After lines were dropped, `report` is called with their number as soon as
    /// a line can be written again.
    ///
    /// # Errors
    /// If the operating system cannot start a thread.
    pub(crate) fn start(
        name: &str,
        to: impl Write + Send + 'static,
        report: impl Fn(u64) + Send + 'static,
    ) -> io::Result<Self> {
        Self::bounded(name, to, report, WAITING_BYTES_MAX)
    }

    fn bounded(
        name: &str,
        to: impl Write + Send + 'static,
        report: impl Fn(u64) + Send + 'static,
        waiting_bytes_max: usize,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared { queue: Mutex::default(), moved: Condvar::new(), waiting_bytes_max });
        let output = Self(Arc::clone(&shared));
        std::thread::Builder::new().name(name.to_owned()).spawn(move || shared.write_to(to, report))?;
        Ok(output)
    }

    /// Queues a line; the line break is added.
    pub(crate) fn line(&self, text: impl std::fmt::Display) {
        self.0.push(format!("{text}\n").into_bytes().into_boxed_slice());
    }

    /// Waits until all queued lines are written, at most `wait_max`.
    pub(crate) fn flush(&self, wait_max: Duration) {
        let deadline = Instant::now() + wait_max;
        let mut queue = self.0.queue();
        while queue.bytes > 0 {
            let Some(left) = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else {
                return;
            };
            queue = self.0.moved.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// The subscriber passes each log record in a single `write`.
impl Write for Output {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        self.0.push(record.into());
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, line: Box<[u8]>) {
        let mut queue = self.queue();
        if queue.bytes + line.len() > self.waiting_bytes_max {
            queue.dropped += 1;
            return;
        }
        queue.bytes += line.len();
        queue.lines.push_back(line);
        drop(queue);
        self.moved.notify_all();
    }

    /// Writes queued lines for the lifetime of the process.
    fn write_to(&self, mut to: impl Write, report: impl Fn(u64)) {
        loop {
            let mut queue = self.queue();
            while queue.lines.is_empty() {
                queue = self.moved.wait(queue).unwrap_or_else(PoisonError::into_inner);
            }
            let lines = std::mem::take(&mut queue.lines);
            drop(queue);
            for line in lines {
                // May block on the reader: nothing waits for this thread.
                let written = to.write_all(&line).and_then(|()| to.flush());
                let mut queue = self.queue();
                queue.bytes -= line.len();
                let dropped = match written {
                    Ok(()) => std::mem::take(&mut queue.dropped),
                    Err(_) => {
                        queue.dropped += 1;
                        0
                    }
                };
                drop(queue);
                self.moved.notify_all();
                if dropped > 0 {
                    report(dropped);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    const WAIT_MAX: Duration = Duration::from_secs(20);

    /// A writer that writes or fails one line at a time, as the test tells it to.
    struct Gate {
        verdicts: Receiver<io::Result<()>>,
        written: Sender<String>,
    }

    impl Write for Gate {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.verdicts.recv().unwrap_or(Ok(()))?;
            self.written.send(String::from_utf8(line.to_vec()).unwrap()).ok();
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Fixture {
        output: Output,
        verdicts: Sender<io::Result<()>>,
        written: Receiver<String>,
        reported: Receiver<u64>,
    }

    fn output(waiting_bytes_max: usize) -> Fixture {
        let ((verdicts, receiver), (sender, written)) = (channel(), channel());
        let (report, reported) = channel();
        let gate = Gate { verdicts: receiver, written: sender };
        let report = move |count| report.send(count).unwrap();
        let output = Output::bounded("output", gate, report, waiting_bytes_max).unwrap();
        Fixture { output, verdicts, written, reported }
    }

    #[test]
    fn lines_are_written_in_order_before_flush_returns() {
        let Fixture { output, verdicts, written, .. } = output(1_000);
        drop(verdicts);
        for number in 0..10 {
            output.line(number);
        }
        output.flush(WAIT_MAX);
        let lines: String = written.try_iter().collect();
        assert_eq!(lines, "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    }

    #[test]
    fn a_stalled_reader_blocks_nobody_and_the_number_of_dropped_lines_is_reported() {
        let Fixture { output, verdicts, written, reported } = output(10);
        for number in 0..100 {
            output.line(number % 10);
        }
        output.flush(Duration::from_millis(1));
        assert_eq!(written.try_iter().count(), 0);
        drop(verdicts);
        assert_eq!(reported.recv_timeout(WAIT_MAX), Ok(95), "ten bytes are five lines");
        output.flush(WAIT_MAX);
        assert_eq!(written.try_iter().count(), 5);
    }

    #[test]
    fn failed_lines_are_counted_and_later_lines_are_written() {
        let Fixture { output, verdicts, written, reported } = output(1_000);
        for _ in 0..3 {
            verdicts.send(Err(io::ErrorKind::BrokenPipe.into())).unwrap();
        }
        drop(verdicts);
        for number in 0..4 {
            output.line(number);
        }
        assert_eq!(reported.recv_timeout(WAIT_MAX), Ok(3));
        assert_eq!(written.recv_timeout(WAIT_MAX), Ok("3\n".to_owned()));
    }
}
