//! The cost of a disk flush.

use std::fs::File;
use std::io::{Seek, Write};
use std::time::{Duration, Instant};

use tokio::task::spawn_blocking;

use crate::failure::Failure;

/// How often per second one thread can write 4 KiB to a file and flush it to disk. The file already
/// has its full size, like a write-ahead log in steady state, because extending a file is much
/// slower than writing within it. It is in the directory of temporary files, like the databases.
pub(in crate::bench) async fn flushes_per_second() -> Result<f64, Failure> {
    const PAGES: u32 = 1_000;
    let work = || {
        let (mut file, page): (File, _) = (tempfile::tempfile()?, [1; 4096]);
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
