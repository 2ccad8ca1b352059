//! Memory of idle connections, and of the groups of their users.

use crate::bench::figures::Figures;
use crate::bench::setting::Setting;
use crate::failure::Failure;
use crate::scenario::{Connect, ConnectReport};

/// The two 8 KiB buffers that actix-http keeps for each connection that it serves.
const DISPATCHER_BUFFER_BYTES: f64 = 16_384.0;
const GROUPS: u64 = 20;
/// Members of each group of the users with many groups.
const TEAM: u64 = 50;

pub(in crate::bench) async fn measure(setting: Setting<'_>, figures: &mut Figures) -> Result<(), Failure> {
    let connections = setting.plan.idle;
    let idle = Connect { connections, groups: 1, team: None, at_once: 64, hold_seconds: 2 };
    let many = Connect { groups: GROUPS + 1, team: Some(TEAM), ..idle.clone() };
    let (idle, many) = (connect(setting, &idle).await?, connect(setting, &many).await?);
    figures.check(&idle.promise);
    figures.check(&many.promise);
    let resident = idle.resident_bytes_per_connection.unwrap_or_default();
    figures
        .add("connection", &format!("idle connection among {connections}: resident memory"), resident, "bytes")
        .compare_to(DISPATCHER_BUFFER_BYTES, "of the two buffers of an HTTP dispatcher");
    figures.add_known("connection_heap", "idle connection: heap", idle.heap_bytes_per_connection, "bytes");
    let more = many.resident_bytes_per_connection.unwrap_or_default() - resident;
    figures
        .add("twenty_groups", &format!("{GROUPS} more groups of a connected user: resident memory"), more, "bytes")
        .compare(more / GROUPS as f64, "bytes for each group");
    figures.add("connects", "connecting, with a list of one group", idle.connections_per_second, "1/s");
    figures.add_known("connect_cpu", "connecting: server CPU", idle.server_cpu_us_per_connection, "us");
    figures.add_known("connect_database_cpu", "connecting: PostgreSQL CPU", idle.database_cpu_us_per_connection, "us");
    Ok(())
}

/// Creates users and groups, and measures the connections on a server that was started after that:
/// memory that the setup has freed would serve connections without any growth.
async fn connect(setting: Setting<'_>, connect: &Connect) -> Result<ConnectReport, Failure> {
    let server = setting.bed.start(setting.backend, setting.postgres).await?;
    let people = connect.prepare(&server.target()?).await?;
    let server = setting.bed.start_on(server.stop().await?).await?;
    let report = connect.measure(&server.target()?, people).await?;
    server.stop().await?;
    Ok(report)
}
