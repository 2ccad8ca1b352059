//! How many additions a second are committed durably, and what batching them is worth.
//!
//! ```text
//! cargo run --release -p groups-store --example commits                      # SQLite in a temporary directory
//! cargo run --release -p groups-store --example commits -- postgres://…      # an empty PostgreSQL database
//! ```
//!
//! Figures of different machines, and of different minutes on one machine, say little; the ratios within one run say more. On SQLite
//! and Linux it also tells the time that the writer's thread has had a processor for, which says more on a machine that does other things.
#![expect(clippy::unwrap_used, reason = "a benchmark may fail by panicking")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use groups_domain::{Command, GroupId, NewMember, Request, Timestamp, UserId};
use groups_store::{Store, StoreOptions};
use uuid::Uuid;

const CALLERS: [usize; 3] = [1, 8, 64];
const GROUPS: usize = 100;
const MEASURED_FOR: Duration = Duration::from_secs(3);
/// Members already there when a thousand more are added in one change.
const STORED: [u32; 3] = [0, 10_000, 40_000];
const THOUSANDS: usize = 7;

#[tokio::main]
async fn main() {
    let directory = tempfile::tempdir().unwrap();
    let url = std::env::args().nth(1);
    let options = |batch_orders_max| {
        let url = url.clone().unwrap_or_else(|| directory.path().join("commits.db").display().to_string());
        StoreOptions { batch_orders_max, ..StoreOptions::new(url) }
    };
    println!("additions a second, each durable: {}", url.as_deref().map_or("SQLite", |_| "PostgreSQL"));
    println!(
        "{:>8} {:>12} {:>12} {:>7} {:>17}   p50 / p99 of the batched, ms",
        "callers", "one by one", "batched", "ratio", "processor, us each"
    );
    for callers in CALLERS {
        let alone = measure(&Store::open(options(1)).await.unwrap(), callers).await;
        let batched = measure(&Store::open(options(256)).await.unwrap(), callers).await;
        println!(
            "{callers:>8} {:>12.0} {:>12.0} {:>6.1}x {:>17.0}   {:.1} / {:.1}",
            alone.per_second,
            batched.per_second,
            batched.per_second / alone.per_second,
            batched.processor_us,
            batched.percentile(0.50),
            batched.percentile(0.99),
        );
    }
    println!("\na thousand members in one change, median of {THOUSANDS}, ms (and of them on a processor)");
    println!("{:>14} {:>20} {:>20}", "members before", "new database", "opened again");
    for stored in STORED {
        let directory = tempfile::tempdir().unwrap();
        let url = url.clone().unwrap_or_else(|| directory.path().join("thousands.db").display().to_string());
        let store = Store::open(StoreOptions::new(&url)).await.unwrap();
        for _ in 0..stored / 1_000 {
            add_a_thousand(&store).await;
        }
        let fresh = thousands(&store).await;
        store.close().await;
        let again = thousands(&Store::open(StoreOptions::new(&url)).await.unwrap()).await;
        println!(
            "{stored:>14} {:>20} {:>20}",
            format!("{:.1} ({:.1})", fresh.0, fresh.1),
            format!("{:.1} ({:.1})", again.0, again.1)
        );
    }
}

/// The median times of adding a thousand members to a new group.
async fn thousands(store: &Store) -> (f64, f64) {
    let (mut all, mut processor) = (Vec::new(), Vec::new());
    for _ in 0..THOUSANDS {
        let (asked, before) = (Instant::now(), writer_ns());
        add_a_thousand(store).await;
        all.push(asked.elapsed().as_secs_f64() * 1e3);
        processor.push((writer_ns() - before) / 1e6);
    }
    all.sort_by(f64::total_cmp);
    processor.sort_by(f64::total_cmp);
    (all[THOUSANDS / 2], processor[THOUSANDS / 2])
}

async fn add_a_thousand(store: &Store) {
    let (owner, group) = (UserId::new(Uuid::now_v7()), GroupId::new(Uuid::now_v7()));
    execute(store, owner, group, Command::create("Team", "").unwrap()).await;
    // Random ids, as people have them.
    let members = (0..1_000).map(|_| NewMember::plain(UserId::new(Uuid::new_v4()))).collect();
    execute(store, owner, group, Command::AddMembers(members)).await;
}

/// For how many nanoseconds the threads that write have had a processor; not a number where the system does not say.
fn writer_ns() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten().map(|task| task.path());
    let writers = tasks
        .filter(|task| std::fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim() == "groups-writer"));
    let times: Vec<f64> = writers
        .filter_map(|task| std::fs::read_to_string(task.join("schedstat")).ok()?.split(' ').next()?.parse().ok())
        .collect();
    if times.is_empty() { f64::NAN } else { times.iter().sum() }
}

struct Measured {
    per_second: f64,
    /// Of the writer's thread for each addition, in microseconds.
    processor_us: f64,
    /// In milliseconds, ascending.
    latencies: Vec<f64>,
}

impl Measured {
    fn percentile(&self, part: f64) -> f64 {
        self.latencies.get((self.latencies.len() as f64 * part) as usize).copied().unwrap_or(f64::NAN)
    }
}

/// Each caller adds one person after the other, now to this group and now to that.
async fn measure(store: &Store, callers: usize) -> Measured {
    let owner = UserId::new(Uuid::now_v7());
    let mut groups = Vec::new();
    for _ in 0..GROUPS {
        let group = GroupId::new(Uuid::now_v7());
        execute(store, owner, group, Command::create("Team", "").unwrap()).await;
        groups.push(group);
    }
    let groups = Arc::new(groups);
    let (begun, before) = (Instant::now(), writer_ns());
    let working = (0..callers).map(|caller| {
        let (store, groups) = (store.clone(), Arc::clone(&groups));
        tokio::spawn(async move {
            let mut latencies = Vec::new();
            let mut next = caller;
            while begun.elapsed() < MEASURED_FOR {
                let member = NewMember::plain(UserId::new(Uuid::now_v7()));
                let asked = Instant::now();
                execute(&store, owner, groups[next % GROUPS], Command::AddMember(member)).await;
                latencies.push(asked.elapsed().as_secs_f64() * 1e3);
                next += 7;
            }
            latencies
        })
    });
    let mut latencies = Vec::new();
    for working in working.collect::<Vec<_>>() {
        latencies.extend(working.await.unwrap());
    }
    let per_second = latencies.len() as f64 / begun.elapsed().as_secs_f64();
    let processor_us = (writer_ns() - before) / 1e3 / latencies.len() as f64;
    latencies.sort_by(f64::total_cmp);
    Measured { per_second, processor_us, latencies }
}

async fn execute(store: &Store, actor_id: UserId, group_id: GroupId, command: Command) {
    let at = Timestamp::from_unix_millis(1_700_000_000_000);
    let request = Request { group_id, actor: actor_id.into(), at, expected_version: None, command };
    store.execute(request.into()).await.unwrap();
}
