//! The cost of requests, transfers and writes on the loopback interface.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt;
use tokio::task::{JoinSet, spawn_blocking};

use crate::failure::Failure;
use crate::histogram::Histogram;
use crate::process::{open_files_max, require_files, this_thread};
use crate::target::Target;

/// The median time of `GET /healthz` over one connection, in microseconds.
pub(in crate::bench) async fn round_trip_us(target: &Target) -> Result<f64, Failure> {
    let (mut http, took) = (target.http(), Histogram::default());
    for _ in 0..500 {
        let started = Instant::now();
        let answer = http.request("GET", "/healthz", None, None).await;
        answer.map_err(|error| Failure::Http { request: "GET /healthz".to_owned(), error })?;
        took.record(started.elapsed());
    }
    Ok(took.spread().p50 as f64)
}

/// The median time in microseconds from the request of one byte until `bytes` bytes have arrived,
/// which one thread writes at once and another reads.
pub(in crate::bench) async fn transfer_us(bytes: usize) -> Result<f64, Failure> {
    const TRANSFERS: u32 = 50;
    let work = move || {
        let (mut writer, mut reader) = pair(&TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?)?;
        let serving = std::thread::spawn(move || {
            let (answer, mut request) = (vec![1; bytes], [0]);
            while writer.read(&mut request)? == 1 {
                writer.write_all(&answer)?;
            }
            Ok::<_, std::io::Error>(())
        });
        let (took, mut buffer) = (Histogram::default(), vec![0; bytes]);
        for _ in 0..TRANSFERS {
            let started = Instant::now();
            reader.write_all(&[1])?;
            reader.read_exact(&mut buffer)?;
            took.record(started.elapsed());
        }
        drop(reader);
        // A failure of the writer is one of the reader as well.
        serving.join().ok();
        Ok(took.spread().p50 as f64)
    };
    spawn_blocking(work).await?.map_err(Failure::io("a transfer of a yardstick"))
}

/// CPU time in microseconds of one `write` of `bytes` bytes to a socket whose peer is waiting: the
/// minimum cost of a fan-out event. One thread writes to all sockets in turn, twenty times per
/// second, like a fan-out. Both ends are in this process, so there are only as many sockets as its
/// limit on open files allows.
pub(in crate::bench) async fn write_us(sockets: u64, bytes: usize) -> Result<f64, Failure> {
    const WRITES: u64 = 40_000;
    const OTHER_FILES: u64 = 400;
    let allowed = open_files_max().map_or(sockets, |files| files.saturating_sub(OTHER_FILES) / 2);
    let sockets = sockets.min(allowed).max(1);
    let rounds = (WRITES / sockets).clamp(1, 40);
    let count = usize::try_from(sockets).unwrap_or(0);
    require_files(2 * count)?;
    let failed = || Failure::io("the sockets of a yardstick");
    let pairs = spawn_blocking(move || pairs(count)).await?.map_err(failed())?;
    let (mut writers, mut readers) = (Vec::with_capacity(count), JoinSet::new());
    for (writer, reader) in pairs {
        writers.push(writer);
        reader.set_nonblocking(true).map_err(failed())?;
        let mut reader = tokio::net::TcpStream::from_std(reader).map_err(failed())?;
        readers.spawn(async move {
            let mut buffer = [0; 1024];
            while let Ok(1..) = reader.read(&mut buffer).await {}
        });
    }
    let work = move || {
        let (frame, mut cpu) = (vec![1; bytes], Duration::ZERO);
        for _ in 0..rounds {
            let before = this_thread();
            for writer in &mut writers {
                writer.write_all(&frame)?;
            }
            cpu += this_thread().saturating_sub(before);
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(cpu)
    };
    let cpu: Duration = spawn_blocking(work).await?.map_err(failed())?;
    readers.shutdown().await;
    Ok(cpu.as_secs_f64() * 1e6 / (rounds * sockets) as f64)
}

fn pairs(count: usize) -> Result<Vec<(TcpStream, TcpStream)>, std::io::Error> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    (0..count).map(|_| pair(&listener)).collect()
}

fn pair(listener: &TcpListener) -> Result<(TcpStream, TcpStream), std::io::Error> {
    let reader = TcpStream::connect(listener.local_addr()?)?;
    let (writer, _) = listener.accept()?;
    for side in [&writer, &reader] {
        side.set_nodelay(true)?;
    }
    Ok((writer, reader))
}
