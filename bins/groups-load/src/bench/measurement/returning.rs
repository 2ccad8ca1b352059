//! All clients are cut off at once, miss changes, and come back.

use crate::bench::database::Database;
use crate::bench::figures::Figures;
use crate::bench::setting::Setting;
use crate::failure::Failure;
use crate::scenario::{Resume, ResumeReport};
use crate::target::Target;

const GROUPS: u64 = 10;
/// Changes that each client misses.
const MISSED: u64 = 10;
const MISSED_MANY: u64 = 40;

pub(in crate::bench) async fn measure(setting: Setting<'_>, figures: &mut Figures) -> Result<(), Failure> {
    let server = setting.bed.start(setting.backend, setting.postgres).await?;
    let target = server.target()?;
    let connections = setting.plan.returning;
    let storm = Resume { connections, groups: GROUPS, missed: MISSED, without_cursor: false, at_once: None };
    let without_cursor = Resume { without_cursor: true, ..storm.clone() };
    let many = Resume { missed: MISSED_MANY, ..storm.clone() };
    let (without_cursor, _) = run(setting, &without_cursor, &target, &server.database, figures).await?;
    let (few, statements) = run(setting, &storm, &target, &server.database, figures).await?;
    let (many, _) = run(setting, &many, &target, &server.database, figures).await?;

    let what = format!("{connections} clients cut off, {MISSED} events missed: all correct again");
    figures
        .add("all_correct", &what, few.all_ready_seconds, "s")
        .compare_to(without_cursor.all_ready_seconds, "of coming without a cursor");
    let what = format!("{connections} clients cut off, {MISSED_MANY} events missed: all correct again");
    figures
        .add("all_correct_many", &what, many.all_ready_seconds, "s")
        .compare_to(few.all_ready_seconds, &format!("of {MISSED} missed"));
    let (cpu, cpu_without_cursor) = (few.server_cpu_us_per_connection, without_cursor.server_cpu_us_per_connection);
    if let Some(figure) = figures.add_known("server_cpu", "… server CPU for each client", cpu, "us") {
        figure.compare_to(cpu_without_cursor.unwrap_or_default(), "of coming without a cursor");
    }
    let per_event = |report: &ResumeReport| report.server_cpu_us_per_connection.unwrap_or_default();
    let cost = (per_event(&many) - per_event(&few)) / (MISSED_MANY - MISSED) as f64;
    figures.add("server_cpu_per_event", "… server CPU for each missed event", cost, "us");
    let cpu = few.database_cpu_us_per_connection;
    figures.add_known("database_cpu", "… PostgreSQL CPU for each client", cpu, "us");
    if let Some(figure) = figures.add_known("statements", "… PostgreSQL statements of the storm", statements, "") {
        figure.compare_to(connections as f64, "for each client");
    }
    server.stop().await.map(drop)
}

/// Runs a storm. Also returns the number of statements from when all clients were away until all
/// were back.
async fn run(
    setting: Setting<'_>,
    storm: &Resume,
    target: &Target,
    database: &Database,
    figures: &mut Figures,
) -> Result<(ResumeReport, Option<f64>), Failure> {
    let away = storm.cut_off(target).await?;
    let before = statements(setting, database).await?;
    let report = away.come_back(target).await?;
    let after = statements(setting, database).await?;
    figures.check(&report.promise);
    Ok((report, after.zip(before).map(|(after, before)| after - before)))
}

async fn statements(setting: Setting<'_>, database: &Database) -> Result<Option<f64>, Failure> {
    match (setting.postgres, database) {
        (Some(postgres), Database::Postgres { name, .. }) => postgres.statements(name).await,
        _ => Ok(None),
    }
}
