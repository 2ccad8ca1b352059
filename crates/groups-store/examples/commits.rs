//! How many additions a second are committed durably, and what batching them is worth.
//!
//! ```text
//! cargo run --release -p groups-store --example commits                      # SQLite in a temporary directory
//! cargo run --release -p groups-store --example commits -- postgres://…      # an empty PostgreSQL database
//! ```
//!
//! Figures of different machines, and of different minutes on one machine, say little; the ratios within one run say more.
#![expect(clippy::unwrap_used, reason = "a benchmark may fail by panicking")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use groups_domain::{Command, GroupId, NewMember, Request, Timestamp, UserId};
use groups_store::{Store, StoreOptions};
use uuid::Uuid;

const CALLERS: [usize; 3] = [1, 8, 64];
const GROUPS: usize = 100;
const MEASURED_FOR: Duration = Duration::from_secs(3);

#[tokio::main]
async fn main() {
    let directory = tempfile::tempdir().unwrap();
    let url = std::env::args().nth(1);
    let options = |batch_orders_max| {
        let url = url.clone().unwrap_or_else(|| directory.path().join("commits.db").display().to_string());
        StoreOptions { batch_orders_max, ..StoreOptions::new(url) }
    };
    println!("additions a second, each durable: {}", url.as_deref().map_or("SQLite", |_| "PostgreSQL"));
    println!("{:>8} {:>12} {:>12} {:>7}   p50 / p99 of the batched, ms", "callers", "one by one", "batched", "ratio");
    for callers in CALLERS {
        let alone = measure(&Store::open(options(1)).await.unwrap(), callers).await;
        let batched = measure(&Store::open(options(256)).await.unwrap(), callers).await;
        println!(
            "{callers:>8} {:>12.0} {:>12.0} {:>6.1}x   {:.1} / {:.1}",
            alone.per_second,
            batched.per_second,
            batched.per_second / alone.per_second,
            batched.percentile(0.50),
            batched.percentile(0.99),
        );
    }
}

struct Measured {
    per_second: f64,
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
    let begun = Instant::now();
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
    latencies.sort_by(f64::total_cmp);
    Measured { per_second, latencies }
}

async fn execute(store: &Store, actor_id: UserId, group_id: GroupId, command: Command) {
    let at = Timestamp::from_unix_millis(1_700_000_000_000);
    let request = Request { group_id, actor_id, at, expected_version: None, command };
    store.execute(request.into()).await.unwrap();
}
