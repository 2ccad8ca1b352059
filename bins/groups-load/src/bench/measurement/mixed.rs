//! All of it together, which mostly shows that the delivery guarantee holds.

use crate::bench::figures::Figures;
use crate::bench::setting::Setting;
use crate::failure::Failure;
use crate::scenario::Mixed;

pub(in crate::bench) async fn measure(setting: Setting<'_>, figures: &mut Figures) -> Result<(), Failure> {
    let server = setting.bed.start(setting.backend, setting.postgres).await?;
    let mixed = Mixed {
        connections: setting.plan.online / 2,
        groups: 20,
        callers: 8,
        rate: 200,
        stay_seconds: 2,
        seconds: setting.plan.seconds,
        patience_seconds: 15,
        seed: 1,
    };
    let report = mixed.run(&server.target()?).await?;
    figures.check(&report.promise);
    let what = format!("{} clients that come and go, 200 changes/s: events", report.connections);
    figures.add("events_per_second", &what, report.events_per_second, "1/s");
    figures.add("event_p50", "… event, p50 from the request", report.receipt_us.p50 as f64, "us");
    figures.add("event_p99", "… event, p99 from the request", report.receipt_us.p99 as f64, "us");
    figures
        .add("reconnections", "… reconnections", report.reconnections as f64, "")
        .compare(report.ready_us.p99 as f64, "us to ready, p99");
    figures.add_known("server_cpu_share", "… share of a processor", report.server_cpu_share, "");
    server.stop().await.map(drop)
}
