//! A probe: requests at a steady rate from a thread of its own, so that the work of the other
//! clients in this process does not delay it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::time::sleep_until;

use crate::failure::Failure;
use crate::histogram::{Histogram, Spread};
use crate::http::Http;

const REQUESTS_PER_SECOND: u64 = 200;

/// A running probe. It stops when this is dropped.
#[derive(Debug)]
pub(super) struct Probe {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<Spread, Failure>>>,
}

impl Probe {
    /// Requests a path until the probe is stopped.
    pub(super) fn start(http: Http, path: String, token: String) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let work = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map_err(Failure::io("the thread of a probe"))?.block_on(run(http, path, token, stopped))
        };
        Self { stop, thread: Some(std::thread::spawn(work)) }
    }

    /// Stops the probe. Returns the times from when each request was due to its answer.
    pub(super) async fn stop(mut self) -> Result<Spread, Failure> {
        self.stop.store(true, Relaxed);
        let ended = || Failure::Process("a probe ended unexpectedly".to_owned());
        let thread = self.thread.take().ok_or_else(ended)?;
        tokio::task::spawn_blocking(move || thread.join()).await?.map_err(|_| ended())?
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
    }
}

async fn run(mut http: Http, path: String, token: String, stop: Arc<AtomicBool>) -> Result<Spread, Failure> {
    let (took, period) = (Histogram::default(), Duration::from_micros(1_000_000 / REQUESTS_PER_SECOND));
    let mut due = Instant::now();
    while !stop.load(Relaxed) {
        let waited = Instant::now() < due;
        sleep_until(due.into()).await;
        // The timer has a resolution of a millisecond. A request that is late because the one
        // before it was slow counts from when it was due.
        let started = if waited { Instant::now() } else { due };
        let answer = http.request("GET", &path, Some(&token), None).await;
        let answer = answer.map_err(|error| Failure::Http { request: format!("GET {path}"), error })?;
        if answer.status != 200 {
            return Err(Failure::Status { request: format!("GET {path}"), status: answer.status, body: answer.text() });
        }
        took.record(started.elapsed());
        due += period;
    }
    Ok(took.spread())
}

/// Starts a thread that answers each request on one connection at once, to measure how late the
/// machine itself makes a probe. The thread ends with the connection.
pub(super) fn echo() -> Result<SocketAddr, std::io::Error> {
    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept()?;
        stream.set_nodelay(true)?;
        // A probe sends its next request after the answer, in one write.
        while let 1.. = stream.read(&mut [0; 4096])? {
            stream.write_all(ANSWER)?;
        }
        Ok::<_, std::io::Error>(())
    });
    Ok(address)
}
