//! Reference figures: what the machine takes for elementary operations, so that results from
//! different machines can be compared.

use std::fs::File;
use std::io::{Seek, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt;
use tokio::task::{JoinSet, spawn_blocking};

use crate::failure::Failure;
use crate::histogram::Histogram;
use crate::process::{require_files, this_thread};
use crate::target::Target;

/// How often per second one thread can write 4 KiB to a file and flush it to disk. The file already
/// has its full size, like a write-ahead log in steady state, because extending a file is much
/// slower than writing within it.
pub(super) async fn flushes_per_second(directory: &Path) -> Result<f64, Failure> {
    const PAGES: u32 = 1_000;
    let path = directory.join("yardstick");
    let work = move || {
        let (mut file, page) = (File::create(path)?, [1; 4096]);
        for _ in 0..PAGES {
            file.write_all(&page)?;
        }
        file.sync_all()?;
        let (started, mut flushes) = (Instant::now(), 0);
        while started.elapsed() < Duration::from_secs(1) {
            if flushes % PAGES == 0 {
                file.rewind()?;
            }
            file.write_all(&page)?;
            file.sync_data()?;
            flushes += 1;
        }
        Ok(f64::from(flushes) / started.elapsed().as_secs_f64())
    };
    spawn_blocking(work).await?.map_err(Failure::io("flushing a file"))
}

/// The median time of `GET /healthz` over one connection, in microseconds.
pub(super) async fn round_trip(target: &Target) -> Result<f64, Failure> {
    let (mut http, took) = (target.http(), Histogram::default());
    for _ in 0..500 {
        let started = Instant::now();
        let answer = http.request("GET", "/healthz", None, None).await;
        answer.map_err(|error| Failure::Http { request: "GET /healthz".to_owned(), error })?;
        took.record(started.elapsed());
    }
    Ok(took.spread().p50 as f64)
}

/// CPU time in microseconds of one `write` of `bytes` bytes to a socket whose peer is waiting: the
/// minimum cost of a fan-out event. One thread writes to all sockets in turn, twenty times per
/// second, like a fan-out.
pub(super) async fn write_micros(sockets: u64, bytes: usize) -> Result<f64, Failure> {
    const ROUNDS: u32 = 40;
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
        for _ in 0..ROUNDS {
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
    Ok(cpu.as_secs_f64() * 1e6 / (f64::from(ROUNDS) * sockets as f64))
}

fn pairs(count: usize) -> Result<Vec<(TcpStream, TcpStream)>, std::io::Error> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    (0..count)
        .map(|_| {
            let reader = TcpStream::connect(address)?;
            let (writer, _) = listener.accept()?;
            writer.set_nodelay(true)?;
            Ok((writer, reader))
        })
        .collect()
}
