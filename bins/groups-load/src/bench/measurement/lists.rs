//! Users request their lists of groups.

use crate::bench::figures::Figures;
use crate::bench::setting::Setting;
use crate::bench::yardstick::transfer_us;
use crate::failure::Failure;
use crate::scenario::{Lists, ListsReport};

/// The longest possible description. With it, a list of 500 groups has more than 2 MB.
const DESCRIPTION_CHARS_MAX: u64 = 1_000;

pub(in crate::bench) async fn measure(setting: Setting<'_>, figures: &mut Figures) -> Result<(), Failure> {
    let server = setting.bed.start(setting.backend, setting.postgres).await?;
    let target = server.target()?;
    let many = Lists {
        users: setting.plan.readers,
        groups: 200,
        team: 10,
        description_chars: 0,
        callers: 8,
        seconds: setting.plan.seconds,
    };
    let report = many.run(&target).await?;
    figures.check_answers(report.wrong_lists, "lists without some of the groups");
    let ListsReport { groups, callers, requests_per_second, .. } = report;
    let kilobytes = report.bytes_per_answer / 1e3;
    let what = format!("lists of {groups} groups, {callers} callers");
    figures.add("groups_200.per_second", &what, requests_per_second, "1/s").compare(kilobytes, "kB for each");
    figures.add_known("groups_200.server_cpu", "… server CPU for each", report.server_cpu_us_per_request, "us");
    let cpu = report.database_cpu_us_per_request;
    figures.add_known("groups_200.database_cpu", "… PostgreSQL CPU for each", cpu, "us");

    let lone = Lists { users: 1, team: 1, callers: 1, seconds: 1, ..many };
    for (name, groups, description_chars) in
        [("lone_200", 200, 0), ("lone_500", 500, 0), ("lone_long", 500, DESCRIPTION_CHARS_MAX)]
    {
        let report = Lists { groups, description_chars, ..lone.clone() }.run(&target).await?;
        figures.check_answers(report.wrong_lists, "lists without some of the groups");
        let bytes = report.bytes_per_answer;
        let transfer = transfer_us(bytes as usize).await?;
        let what = format!("one caller: list of {groups} groups, {:.0} kB, p50", bytes / 1e3);
        figures
            .add(&format!("{name}.answer_p50"), &what, report.answer_us.p50 as f64, "us")
            .compare_to(transfer, "of sending as many bytes");
    }
    server.stop().await.map(drop)
}
