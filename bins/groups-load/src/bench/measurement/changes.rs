//! Members are added to groups, each of which has one connected member who learns about it.

use crate::bench::database::Database;
use crate::bench::figures::Figures;
use crate::bench::setting::Setting;
use crate::bench::yardstick::{flushes_per_second, raw_commits, round_trip_us};
use crate::failure::Failure;
use crate::scenario::{Commands, CommandsReport, Kind, Pace, Room};
use crate::target::Target;

const CALLERS: [u64; 2] = [1, 64];

pub(in crate::bench) async fn measure(setting: Setting<'_>, figures: &mut Figures) -> Result<(), Failure> {
    let server = setting.bed.start(setting.backend, setting.postgres).await?;
    let target = server.target()?;
    let flushes = flushes_per_second().await?;
    figures.add("flush", "yardstick: one thread writes 4 KiB and flushes them to the disk", flushes, "1/s");
    let bare = round_trip_us(&target).await?;
    figures.add("healthz", "yardstick: GET /healthz over one connection, p50", bare, "us");
    let mut reports = Vec::new();
    for callers in CALLERS {
        let online = setting.plan.online;
        let commands = Commands {
            callers,
            groups: online,
            members: 0,
            online,
            only: Some(Kind::Additions),
            seconds: setting.plan.seconds,
            seed: 1,
        };
        let report = commands.run(&target).await?;
        figures.check(&report.promise);
        figures.check_answers(report.wrong_groups, "groups with a wrong version or member count");
        reports.push(report);
    }
    if matches!(server.database, Database::Postgres { .. }) {
        count_statements(setting, &target, &server.database, figures).await?;
    }
    let database = server.stop().await?;
    for report in reports {
        let callers = u32::try_from(report.callers).unwrap_or(1);
        let raw = raw_commits(&database, callers, 1).await?;
        show(&report, raw.changes_per_second, raw.database_cpu_us_per_change, bare, figures);
    }
    Ok(())
}

fn show(report: &CommandsReport, raw: f64, raw_cpu: Option<f64>, bare: f64, figures: &mut Figures) {
    let CommandsReport { callers, online, all_us, events, .. } = report;
    let name = |what: &str| format!("callers_{callers}.{what}");
    let who = if *callers == 1 { "1 caller".to_owned() } else { format!("{callers} callers") };
    figures.add(&name("raw_per_second"), &format!("yardstick: raw commits of the same rows, {who}"), raw, "1/s");
    figures
        .add(&name("per_second"), &format!("additions, {who}, {online} online"), report.changes_per_second, "1/s")
        .compare_to(raw, "of raw commits");
    figures
        .add(&name("answer_p50"), &format!("{who}: answer, p50"), all_us.p50 as f64, "us")
        .compare_to(bare, "of GET /healthz");
    figures.add(&name("answer_p99"), &format!("{who}: answer, p99"), all_us.p99 as f64, "us");
    let (event, after) = (events.from_request_us, events.after_answer_us);
    figures
        .add(&name("event_p50"), &format!("{who}: event, p50"), event.p50 as f64, "us")
        .compare_to(all_us.p50 as f64, "of the answer");
    figures
        .add(&name("event_p99"), &format!("{who}: event, p99"), event.p99 as f64, "us")
        .compare_to(all_us.p99 as f64, "of the answer");
    let before = events.received_before_answer as f64 / event.count.max(1) as f64;
    figures
        .add(&name("event_minus_answer_p50"), &format!("{who}: event minus answer, p50"), after.p50 as f64, "us")
        .compare(100.0 * before, "% before the answer");
    figures.add(&name("event_minus_answer_p99"), &format!("{who}: event minus answer, p99"), after.p99 as f64, "us");
    figures.add_known(
        &name("server_cpu"),
        &format!("{who}: server CPU for each change"),
        report.server_cpu_us_per_change,
        "us",
    );
    let cpu = report.database_cpu_us_per_change;
    let what = format!("{who}: PostgreSQL CPU for each change");
    if let Some((figure, raw_cpu)) = figures.add_known(&name("database_cpu"), &what, cpu, "us").zip(raw_cpu) {
        figure.compare_to(raw_cpu, "of a raw commit");
    }
}

/// Counts the statements of isolated changes: each is due when everything about the one before it
/// has been delivered. What an idle server executes in the same time is subtracted.
async fn count_statements(
    setting: Setting<'_>,
    target: &Target,
    database: &Database,
    figures: &mut Figures,
) -> Result<(), Failure> {
    let (Some(postgres), Database::Postgres { name, .. }) = (setting.postgres, database) else { return Ok(()) };
    let pace = Pace { rate: 20, burst: 1, seconds: setting.plan.seconds, patience_seconds: 10 };
    let mut room = Room::open(target, 10, 1, 1).await?;
    let before = postgres.statements(name).await?;
    tokio::time::sleep(std::time::Duration::from_secs(pace.seconds)).await;
    let idle = postgres.statements(name).await?;
    let report = room.phase(target, target, pace).await?;
    let after = postgres.statements(name).await?;
    figures.check(&report.promise);
    if let (Some(before), Some(idle), Some(after)) = (before, idle, after) {
        let changes = report.changes.max(1) as f64;
        let of_idle = idle - before;
        figures
            .add("lone.statements", "a lone change, 20/s: statements", (after - idle - of_idle) / changes, "")
            .compare(of_idle / pace.seconds as f64, "1/s when idle");
    }
    let cpu = report.database_cpu_us_per_change;
    figures.add_known("lone.database_cpu", "a lone change, 20/s: PostgreSQL CPU", cpu, "us");
    let after = report.receipt_after_answer_us;
    figures.add("lone.event_minus_answer_p50", "a lone change, 20/s: event minus answer, p50", after.p50 as f64, "us");
    Ok(())
}
