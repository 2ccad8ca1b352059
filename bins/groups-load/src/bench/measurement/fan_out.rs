//! Every change of a group reaches all of its connected members.

use std::time::Duration;

use crate::api::NewGroup;
use crate::bench::figures::Figures;
use crate::bench::probe::{self, Probe};
use crate::bench::setting::Setting;
use crate::bench::yardstick::write_us;
use crate::failure::Failure;
use crate::histogram::Spread;
use crate::http::Http;
use crate::scenario::{FanoutReport, Pace, Room};
use crate::target::Target;

/// Approximate size of an event in the measurements; also the size of the reference write.
const EVENT_BYTES: usize = 512;
/// Members of the group that shows what the changes cost without their events.
const FEW: u64 = 10;
/// Events per second of the whole audience, so that the server is not the bottleneck.
const EVENTS_PER_SECOND: u64 = 20_000;
const BURST: u64 = 10;

pub(in crate::bench) async fn measure(setting: Setting<'_>, figures: &mut Figures) -> Result<(), Failure> {
    for connections in setting.plan.audiences {
        let server = setting.bed.start(setting.backend, setting.postgres).await?;
        let target = server.target()?;
        measure_audience(setting, &target, connections, figures).await?;
        server.stop().await?;
    }
    Ok(())
}

async fn measure_audience(
    setting: Setting<'_>,
    target: &Target,
    connections: u64,
    figures: &mut Figures,
) -> Result<(), Failure> {
    let name = |what: &str| format!("connections_{connections}.{what}");
    let write = write_us(connections, EVENT_BYTES).await?;
    let what = format!("yardstick: one write of {EVENT_BYTES} bytes to each of {connections} sockets, CPU");
    figures.add(&name("write"), &what, write, "us");

    let seconds = setting.plan.seconds + 1;
    let lone = Pace { rate: (EVENTS_PER_SECOND / connections).min(10), burst: 1, seconds, patience_seconds: 15 };
    let bursts = Pace { rate: lone.rate.max(5) / 5 * BURST, burst: BURST, ..lone };
    let mut few = Room::open(target, FEW, 1, BURST).await?;
    let mut all = Room::open(target, connections, 1, BURST).await?;
    let (alone, lone_report) = (few.phase(target, target, lone).await?, all.phase(target, target, lone).await?);
    let (few_bursts, burst_report) =
        (few.phase(target, target, bursts).await?, all.phase(target, target, bursts).await?);
    for report in [&alone, &lone_report, &few_bursts, &burst_report] {
        figures.check(&report.promise);
    }

    let what = format!("{connections} connections, {} changes/s: server CPU for each event", lone.rate);
    figures.add(&name("lone_cpu"), &what, marginal(&alone, &lone_report), "us").compare_to(write, "of a write");
    let what = format!("{connections} connections, bursts of {BURST} changes: server CPU for each event");
    figures.add(&name("burst_cpu"), &what, marginal(&few_bursts, &burst_report), "us").compare_to(write, "of a write");
    let FanoutReport { receipt_after_answer_us: after, last_after_answer_us: last, change_us, .. } = lone_report;
    let what = format!("{connections} connections: event minus answer, p50");
    figures.add(&name("event_minus_answer_p50"), &what, after.p50 as f64, "us");
    let what = format!("{connections} connections: the last hears, after the answer, p50");
    figures
        .add(&name("last_p50"), &what, last.p50 as f64, "us")
        .compare_to(connections as f64 * write, "of as many writes");
    figures.add(&name("answer_p50"), &format!("{connections} connections: answer, p50"), change_us.p50 as f64, "us");
    measure_requests_beside(target, &mut all, lone, figures).await
}

/// Requests of somebody else while all members receive changes.
async fn measure_requests_beside(
    target: &Target,
    room: &mut Room,
    pace: Pace,
    figures: &mut Figures,
) -> Result<(), Failure> {
    let reader = target.person().await?;
    let group = target.unmeasured(&reader)?.create_group(&NewGroup::default()).await?;
    let start = || {
        let path = format!("/v1/groups/{}", group.group_id);
        let echo = probe::echo().map_err(Failure::io("the echo of a probe"))?;
        let echo = Probe::start(Http::new(echo, "echo"), "/".to_owned(), String::new());
        Ok::<_, Failure>((Probe::start(target.http(), path, reader.token.clone()), echo))
    };
    let (requests, _echo) = start()?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let quiet = requests.stop().await?;
    let (requests, echo) = start()?;
    let report = room.phase(target, target, pace).await?;
    let (busy, echoed): (Spread, Spread) = (requests.stop().await?, echo.stop().await?);
    figures.check(&report.promise);

    let connections = report.connections;
    let name = |what: &str| format!("connections_{connections}.{what}");
    figures.add(&name("quiet_p99"), "GET of another group, nothing else happens: p99", quiet.p99 as f64, "us");
    let what = format!("yardstick: an echo over TCP beside a fan-out to {connections}: p99");
    figures.add(&name("echo_p99"), &what, echoed.p99 as f64, "us");
    let what = format!("GET of another group beside a fan-out to {connections}: p99");
    figures.add(&name("request_p99"), &what, busy.p99 as f64, "us").compare_to(echoed.p99.max(1) as f64, "of an echo");
    Ok(())
}

/// The cost of one more event, from the same changes made for fewer and for more connections.
fn marginal(fewer: &FanoutReport, more: &FanoutReport) -> f64 {
    let events = more.promise.events as f64 - fewer.promise.events as f64;
    let cpu = more.server_cpu_us.unwrap_or_default() - fewer.server_cpu_us.unwrap_or_default();
    if events > 0.0 { cpu / events } else { 0.0 }
}
