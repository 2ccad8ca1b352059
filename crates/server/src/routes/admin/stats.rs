//! `GET /v1/admin/stats`: counts of groups, memberships, connections, and the span of the log.

use std::time::Instant;

use actix_web::{HttpResponse, web};
use groups_domain::Timestamp;
use groups_protocol::{LogSpanBody, StatsBody};

use crate::Problem;
use crate::groups::Groups;
use crate::input::Reading;

pub(super) async fn respond(groups: web::Data<Groups>, reading: Reading) -> Result<HttpResponse, Problem> {
    let stats = groups.store().stats().await?;
    let connections = groups.hub().connections() as u64;
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    Ok(reading.answer(HttpResponse::Ok().json(StatsBody {
        groups: stats.groups,
        memberships: stats.memberships,
        connections,
        connections_of_all: connections + groups.peers().connections(Instant::now()),
        log: LogSpanBody {
            changes: stats.changes,
            oldest_at: time(stats.oldest_change_at),
            newest_at: time(stats.newest_change_at),
        },
    })))
}
