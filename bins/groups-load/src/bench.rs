//! `bench`: starts its own servers, runs the benchmarks, and prints ratios that are comparable
//! between machines.

mod machine;
mod server;
mod table;
mod yardstick;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::failure::Failure;
use crate::report::Report;
use crate::scenario::{Commands, CommandsReport, Connect, Fanout, FanoutReport, Mixed, Resume, ResumeReport};
use crate::target::Target;
use server::Server;
pub(crate) use table::Table;

/// Start a server on an empty database and measure it, together with reference figures of the
/// machine
#[derive(Args, Clone, Debug)]
pub(crate) struct Bench {
    /// Path of the server program
    #[arg(long, value_name = "PATH", default_value = "target/release/groups-server")]
    server: PathBuf,
    /// Database of all servers, which is not emptied. Default: a new SQLite file for each
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Duration of each measurement in seconds
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Number of connections for the measurement of their memory
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u64).range(100..=50_000))]
    idle_connections: u64,
}

/// The two 8 KiB buffers that actix-http keeps for each connection.
const DISPATCHER_BUFFER_BYTES: f64 = 16_384.0;
/// Approximate size of an event in the measurements; also the size of the reference write.
const EVENT_BYTES: usize = 512;
/// Rate of changes in a fan-out, per second.
const RATE: u64 = 10;
/// Number of connections in the largest fan-out.
const WIDE: u64 = 1_000;

impl Report for Table {
    fn is_good(&self) -> bool {
        self.violations == 0
    }

    fn text(&self) -> Result<String, serde_json::Error> {
        Ok(self.markdown())
    }
}

impl Bench {
    pub(crate) async fn run(&self) -> Result<Table, Failure> {
        let mut table = Table::new(machine::describe());
        self.measure_commands(&mut table).await?;
        self.measure_fan_out(&mut table).await?;
        self.measure_connections(&mut table).await?;
        self.measure_everything(&mut table).await?;
        Ok(table)
    }

    async fn measure_commands(&self, table: &mut Table) -> Result<(), Failure> {
        let (server, target) = self.start().await?;
        let flushes = yardstick::flushes_per_second(server.directory()).await?;
        table.add("yardstick: one thread writes 4 KiB and flushes them to the disk", flushes, "1/s");
        let bare = yardstick::round_trip(&target).await?;
        table.add("yardstick: GET /healthz over one connection, p50", bare, "us");

        let alone = self.commands(&target, 1, 1, 0, table).await?;
        table
            .add("changes, 1 caller", alone.changes_per_second, "1/s")
            .compare(alone.changes_per_second / flushes, "of a flush for each");
        table.add("  p50", micros(alone.all_us.p50), "us").compare(micros(alone.all_us.p50) / bare, "of GET /healthz");
        let mut most = alone.changes_per_second;
        for callers in [8, 64] {
            let many = self.commands(&target, callers, callers, 0, table).await?;
            most = many.changes_per_second;
            table
                .add(&format!("changes, {callers} callers, {callers} groups"), most, "1/s")
                .compare(most / alone.changes_per_second, "of 1 caller");
            table
                .add("  p99", micros(many.all_us.p99), "us")
                .compare(most / flushes, "changes for each flush of the disk");
            table.add("  server CPU for each change", many.server_cpu_us_per_change.unwrap_or_default(), "us");
        }
        let same = self.commands(&target, 64, 1, 0, table).await?;
        table
            .add("changes, 64 callers, all in 1 group", same.changes_per_second, "1/s")
            .compare(same.changes_per_second / most, "of 64 groups");
        let large = self.commands(&target, 1, 1, 10_000, table).await?;
        table
            .add("changes, 1 caller, group of 10,000 more", large.changes_per_second, "1/s")
            .compare(large.changes_per_second / alone.changes_per_second, "of the small group");
        server.stop().await
    }

    async fn measure_fan_out(&self, table: &mut Table) -> Result<(), Failure> {
        let (server, target) = self.start().await?;
        let write = yardstick::write_micros(WIDE, EVENT_BYTES).await?;
        table.add(&format!("yardstick: one write of {EVENT_BYTES} bytes to each of {WIDE} sockets, CPU"), write, "us");
        let mut narrow: Option<FanoutReport> = None;
        for connections in [10, 100, WIDE] {
            let report = self.fan_out(&target, connections, RATE, 1, table).await?;
            let us = &report.receipt_us;
            table.add(
                &format!("event at {connections} connections, {RATE} changes/s, p50 from request"),
                micros(us.p50),
                "us",
            );
            let after = micros(report.receipt_after_answer_us.p99);
            table.add("  p99 from request", micros(us.p99), "us").compare(after, "us after the answer, p99");
            if let Some(narrow) = &narrow {
                let cpu = marginal(narrow, &report);
                table.add("  server CPU for each further event", cpu, "us").compare(cpu / write, "of a write");
            }
            narrow.get_or_insert(report);
        }
        let burst = self.fan_out(&target, WIDE, 2 * RATE, 10, table).await?;
        let cpu = burst.server_cpu_us_per_event.unwrap_or_default();
        table
            .add(&format!("bursts of 10 changes at {WIDE} connections, CPU of an event"), cpu, "us")
            .compare(cpu / write, "of a write");
        let quiet = self.commands(&target, 8, 8, 0, table).await?;
        let (load, busy) = tokio::try_join!(self.fan_out_beside(&target), async {
            self.commands_after(&target, Duration::from_secs(1)).await
        })?;
        table.violations += load.promise.violations + busy.wrong_groups;
        table.add("8 callers, p99, nobody connected", micros(quiet.all_us.p99), "us");
        table
            .add(
                &format!("8 callers, p99, beside {:.0} events/s", load.events_per_second),
                micros(busy.all_us.p99),
                "us",
            )
            .compare(micros(busy.all_us.p99) / micros(quiet.all_us.p99).max(1.0), "of quiet");
        server.stop().await
    }

    async fn measure_connections(&self, table: &mut Table) -> Result<(), Failure> {
        let (server, target) = self.start().await?;
        let connect = Connect { connections: self.idle_connections, groups: 1, at_once: 64, hold_seconds: 2 }
            .run(&target)
            .await?;
        table.violations += connect.promise.violations;
        let (resident, heap) = (connect.resident_bytes_per_connection, connect.heap_bytes_per_connection);
        table
            .add(
                &format!("idle connection among {}: resident memory", self.idle_connections),
                resident.unwrap_or_default(),
                "bytes",
            )
            .compare(resident.unwrap_or_default() / DISPATCHER_BUFFER_BYTES, "of actix-http's two buffers");
        table.add("  heap", heap.unwrap_or_default(), "bytes");
        table.add("coming in, with its list", connect.connections_per_second, "1/s");
        table.add("  server CPU", connect.server_cpu_us_per_connection.unwrap_or_default(), "us");
        server.stop().await?;

        let (server, target) = self.start().await?;
        let storm =
            Resume { connections: self.idle_connections, groups: 10, missed: 10, without_cursor: false, at_once: None };
        let without_cursor = Resume { without_cursor: true, ..storm.clone() }.run(&target).await?;
        let back = storm.run(&target).await?;
        table.violations += back.promise.violations + without_cursor.promise.violations;
        table
            .add(
                &format!("{} come back at once, 10 events missed: all ready", self.idle_connections),
                back.all_ready_seconds,
                "s",
            )
            .compare(back.all_ready_seconds / without_cursor.all_ready_seconds.max(0.001), "of coming with nothing");
        table.add("  rate", back.ready_per_second, "1/s").compare(back.replayed_events as f64, "events replayed");
        let cpu = |report: &ResumeReport| report.server_cpu_us_per_connection.unwrap_or_default();
        table
            .add("  server CPU for each", cpu(&back), "us")
            .compare(cpu(&back) / cpu(&without_cursor).max(1.0), "of coming with nothing");
        server.stop().await
    }

    async fn measure_everything(&self, table: &mut Table) -> Result<(), Failure> {
        let (server, target) = self.start().await?;
        let mixed = Mixed {
            connections: 500,
            groups: 50,
            callers: 8,
            rate: 200,
            stay_seconds: 3,
            seconds: self.seconds * 2,
            patience_seconds: 15,
            seed: 1,
        };
        let report = mixed.run(&target).await?;
        table.violations += report.promise.violations;
        table.examples.extend(report.promise.examples);
        table.add("all at once, 500 clients that come and go: events", report.events_per_second, "1/s");
        table
            .add("  reconnections", report.reconnections as f64, "")
            .compare(micros(report.ready_us.p99), "us to ready, p99");
        table
            .add("  p99 from request to receipt", micros(report.receipt_us.p99), "us")
            .compare(report.promise.violations as f64, "violations");
        server.stop().await
    }

    async fn start(&self) -> Result<(Server, Target), Failure> {
        let server = Server::start(&self.server, self.database_url.as_deref()).await?;
        let target = server.target()?;
        Ok((server, target))
    }

    async fn commands(
        &self,
        target: &Target,
        callers: u64,
        groups: u64,
        members: u64,
        table: &mut Table,
    ) -> Result<CommandsReport, Failure> {
        let commands = Commands { callers, groups, members, settings_only: false, seconds: self.seconds, seed: 1 };
        let report = commands.run(target).await?;
        table.violations += report.wrong_groups;
        Ok(report)
    }

    async fn commands_after(&self, target: &Target, pause: Duration) -> Result<CommandsReport, Failure> {
        tokio::time::sleep(pause).await;
        let commands =
            Commands { callers: 8, groups: 8, members: 0, settings_only: false, seconds: self.seconds, seed: 2 };
        commands.run(target).await
    }

    async fn fan_out(
        &self,
        target: &Target,
        connections: u64,
        rate: u64,
        burst: u64,
        table: &mut Table,
    ) -> Result<FanoutReport, Failure> {
        let fanout = Fanout {
            connections,
            connections_per_user: 1,
            rate,
            burst,
            seconds: self.seconds,
            patience_seconds: 15,
            changes_on: None,
        };
        let report = fanout.run(target).await?;
        table.violations += report.promise.violations;
        table.examples.extend(report.promise.examples.iter().cloned());
        Ok(report)
    }

    /// A fan-out that runs as long as the concurrent callers.
    async fn fan_out_beside(&self, target: &Target) -> Result<FanoutReport, Failure> {
        let fanout = Fanout {
            connections: WIDE,
            connections_per_user: 1,
            rate: RATE,
            burst: 1,
            seconds: self.seconds + 2,
            patience_seconds: 15,
            changes_on: None,
        };
        fanout.run(target).await
    }
}

/// The cost of one more event, from the same changes made for fewer and for more connections.
fn marginal(fewer: &FanoutReport, more: &FanoutReport) -> f64 {
    let events = more.promise.events as f64 - fewer.promise.events as f64;
    let cpu = more.server_cpu_us.unwrap_or_default() - fewer.server_cpu_us.unwrap_or_default();
    if events > 0.0 { cpu / events } else { 0.0 }
}

fn micros(value: u64) -> f64 {
    value as f64
}
