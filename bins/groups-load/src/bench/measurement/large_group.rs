//! What the size of a group does to the cost of a change.

use std::time::Instant;

use uuid::Uuid;

use crate::api::{Api, MEMBERS_PER_REQUEST_MAX, NewGroup};
use crate::bench::figures::Figures;
use crate::bench::setting::Setting;
use crate::bench::statistics::Range;
use crate::bench::table::number;
use crate::failure::Failure;
use crate::stopwatch::Stopwatch;
use crate::target::Target;

const SAMPLES: usize = 9;
const SINGLE_SAMPLES: usize = 200;

/// Times in microseconds.
struct Cost {
    thousand: f64,
    thousand_cpu: f64,
    single: f64,
}

pub(in crate::bench) async fn measure(setting: Setting<'_>, figures: &mut Figures) -> Result<(), Failure> {
    let server = setting.bed.start(setting.backend, setting.postgres).await?;
    let target = server.target()?;
    let owner = target.person().await?;
    let (set_up, mut api) = (target.unmeasured(&owner)?, target.api(&owner));
    let large =
        set_up.create_group(&NewGroup { members: strangers(setting.plan.members), ..NewGroup::default() }).await?;
    let mut empty = Vec::new();
    for _ in 0..SAMPLES {
        empty.push(set_up.create_group(&NewGroup::default()).await?.group_id);
    }
    let empty = add(&target, &mut api, &empty).await?;
    let large = add(&target, &mut api, &[large.group_id; SAMPLES]).await?;
    server.stop().await?;

    let members = number(setting.plan.members as f64);
    let (of, unit) = ("of an empty group", "us");
    figures.add("thousand_empty", "1,000 members in one change, empty group, p50", empty.thousand, unit);
    figures
        .add("thousand_large", &format!("1,000 members in one change, group of {members}, p50"), large.thousand, unit)
        .compare_to(empty.thousand, of);
    figures
        .add("thousand_large_cpu", &format!("… server CPU, group of {members}"), large.thousand_cpu, unit)
        .compare_to(empty.thousand_cpu, of);
    figures.add("single_small", "one member, group of 1,000, p50", empty.single, unit);
    figures
        .add("single_large", &format!("one member, group of {members}, p50"), large.single, unit)
        .compare_to(empty.single, "of the small group");
    Ok(())
}

/// Adds 1,000 members to each of the groups, and then single members to the last one.
async fn add(target: &Target, api: &mut Api, groups: &[Uuid]) -> Result<Cost, Failure> {
    let mut took = Vec::new();
    let watch = Stopwatch::start(target)?;
    for group_id in groups {
        let members = strangers(MEMBERS_PER_REQUEST_MAX);
        let started = Instant::now();
        api.add_all(*group_id, &members).await?;
        took.push(started.elapsed().as_secs_f64() * 1e6);
    }
    let thousand_cpu = watch.stop()?.server_cpu_us_per(groups.len() as f64).unwrap_or_default();
    let thousand = median(&took);
    took.clear();
    for group_id in groups.last().into_iter().cycle().take(SINGLE_SAMPLES) {
        let started = Instant::now();
        api.add(*group_id, Uuid::now_v7()).await?;
        took.push(started.elapsed().as_secs_f64() * 1e6);
    }
    Ok(Cost { thousand, thousand_cpu, single: median(&took) })
}

/// Users who never connect. Their ids are random, unlike those of users created by the generator.
fn strangers(count: usize) -> Vec<Uuid> {
    (0..count).map(|_| uuid::Builder::from_random_bytes(fastrand::u128(..).to_ne_bytes()).into_uuid()).collect()
}

fn median(numbers: &[f64]) -> f64 {
    Range::of(numbers).map_or(0.0, |range| range.median)
}
