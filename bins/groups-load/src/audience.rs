//! Connected clients that listen while a run makes changes, until each has received all of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::board::Board;
use crate::device::{Absent, Device, connect_all};
use crate::failure::Failure;
use crate::person::Person;
use crate::target::Target;
use crate::view::Violation;

/// Connected clients.
pub(crate) struct Audience(Vec<Device>);

/// Clients that process everything they receive.
pub(crate) struct Listening {
    goal: watch::Sender<Goal>,
    tasks: JoinSet<Result<(Device, u64), Failure>>,
}

/// The versions of the groups that every client must reach, and the deadline.
type Goal = Option<(Arc<HashMap<Uuid, u64>>, Instant)>;

impl Audience {
    const CONNECTING_MAX: usize = 64;

    /// Connects one client for each of the people. A person may be named more than once.
    pub(crate) async fn gather(target: &Target, people: impl Iterator<Item = &Person>) -> Result<Self, Failure> {
        let board = Arc::new(Board::new(0));
        let absent = people.map(|person| Absent::new(person.clone(), target.clone(), Arc::clone(&board))).collect();
        let devices = connect_all(absent, Self::CONNECTING_MAX, &Arc::default()).await?;
        match board.violations.first().into_iter().next() {
            Some(violation) => Err(Failure::Answer(format!("a connecting client: {violation}"))),
            None => Ok(Self(devices.into_iter().map(|(device, _)| device).collect())),
        }
    }

    /// Starts listening; results go to the board.
    pub(crate) fn listen(self, board: &Arc<Board>) -> Listening {
        let (goal, tasks) = (watch::Sender::new(None), JoinSet::new());
        let mut listening = Listening { goal, tasks };
        for mut device in self.0 {
            device.report_to(Arc::clone(board));
            listening.tasks.spawn(listen(device, Arc::clone(board), listening.goal.subscribe()));
        }
        listening
    }
}

impl Listening {
    /// Waits until every client has reached these versions of its groups. Returns the clients, and
    /// the number of events that were missing after `patience`.
    pub(crate) async fn finish(
        mut self,
        versions: HashMap<Uuid, u64>,
        patience: Duration,
    ) -> Result<(Audience, u64), Failure> {
        self.goal.send_replace(Some((Arc::new(versions), Instant::now() + patience)));
        let (mut devices, mut lost) = (Vec::with_capacity(self.tasks.len()), 0);
        while let Some(done) = self.tasks.join_next().await {
            let (device, missing) = done??;
            devices.push(device);
            lost += missing;
        }
        Ok((Audience(devices), lost))
    }
}

/// Receives events until the goal is known and reached. Returns how many events were missing at the
/// deadline.
async fn listen(
    mut device: Device,
    board: Arc<Board>,
    mut goal: watch::Receiver<Goal>,
) -> Result<(Device, u64), Failure> {
    let known = loop {
        let ended = tokio::select! {
            heard = device.hear() => heard.err(),
            known = goal.wait_for(Option::is_some) => break known.ok().and_then(|goal| goal.clone()),
        };
        if let Some(ended) = ended {
            device = device.come_back(ended).await?;
        }
    };
    let Some((versions, until)) = known else { return Ok((device, 0)) };
    loop {
        let behind = device.view.behind(&versions).next();
        let Some((group_id, known, version)) = behind else { return Ok((device, 0)) };
        match timeout_at(until, device.hear()).await {
            Ok(Ok(())) => {}
            Ok(Err(ended)) => device = device.come_back(ended).await?,
            Err(_) => {
                board.violations.add(&Violation::Lost { group_id, known, version });
                let lost = device.view.behind(&versions).map(|(_, known, version)| version - known).sum();
                return Ok((device, lost));
            }
        }
    }
}
