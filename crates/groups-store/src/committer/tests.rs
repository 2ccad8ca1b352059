//! The committer in front of a scripted database.

use groups_domain::{Command, Request, Timestamp, UserId};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::*;

/// The answer of the scripted database to an order that it has executed.
const DONE: Result<Executed, ExecuteError> = Err(ExecuteError::IdempotencyKeyReused);

const LIMITS: CommitLimits = CommitLimits {
    batch_orders_max: 10,
    aside_orders_max: 2,
    wait_max: Duration::from_secs(60),
    batch_max: Duration::from_secs(60),
};

/// A database that locks, fails or panics for some groups.
#[derive(Default)]
struct Scripted {
    locked: BTreeSet<GroupId>,
    failing: BTreeSet<GroupId>,
    panicking: BTreeSet<GroupId>,
    unavailable: bool,
    /// The groups of the orders of each batch that it was given.
    batches: Vec<Vec<GroupId>>,
    rolled_back: usize,
}

impl BatchWriter for Scripted {
    type Hook = ();

    async fn write(&mut self, orders: &Arc<Vec<Order>>, _: Option<()>, attempt: Attempt) -> Result<Answers, Failure> {
        let groups: Vec<GroupId> = orders.iter().map(|order| order.request.group_id).collect();
        self.batches.push(groups.clone());
        let any_of = |set: &BTreeSet<GroupId>| groups.iter().any(|group| set.contains(group));
        assert!(!any_of(&self.panicking), "as the script says");
        if self.unavailable {
            return Err(Failure::Unavailable(Reason::DiskFull));
        }
        if any_of(&self.failing) {
            return Err(Failure::Order(failed()));
        }
        if attempt.locked == Locked::Wait && any_of(&self.locked) {
            return Err(Failure::Locked);
        }
        Ok(groups.iter().map(|group| (!self.locked.contains(group)).then_some(DONE)).collect())
    }

    async fn roll_back(&mut self) {
        self.rolled_back += 1;
    }
}

fn failed() -> StoreError {
    StoreError::Database { detail: "as the script says".to_owned() }
}

fn group(number: u128) -> GroupId {
    GroupId::new(Uuid::from_u128(number))
}

type Asked = oneshot::Receiver<Result<Executed, ExecuteError>>;

fn job(group_id: GroupId, hook: Option<()>) -> (Job<()>, Asked) {
    let actor = UserId::new(Uuid::from_u128(1)).into();
    let at = Timestamp::from_unix_millis(0);
    let request = Request { group_id, actor, at, expected_version: None, command: Command::DeleteGroup };
    let (answer, asked) = oneshot::channel();
    (Job { order: Box::new(request.into()), hook, answer }, asked)
}

/// Executes one order for each of these groups.
async fn execute(committer: &mut Committer<Scripted>, groups: &[u128]) -> Vec<Asked> {
    let (jobs, asked): (Vec<_>, Vec<_>) = groups.iter().map(|number| job(group(*number), None)).unzip();
    committer.execute_orders(jobs).await;
    asked
}

/// The answers so far; `None`: not yet.
fn answers(asked: Vec<Asked>) -> Vec<Option<Result<Executed, ExecuteError>>> {
    asked.into_iter().map(|mut asked| asked.try_recv().ok()).collect()
}

#[tokio::test]
async fn waiting_orders_are_written_as_one_batch() {
    let mut committer = Committer::new(Scripted::default(), LIMITS);
    let asked = execute(&mut committer, &[1, 2, 1]).await;
    assert_eq!(answers(asked), vec![Some(DONE); 3]);
    assert_eq!(committer.writer.batches, [vec![group(1), group(2), group(1)]]);
}

#[tokio::test]
async fn an_order_that_fails_its_batch_fails_alone() {
    let script = Scripted { failing: BTreeSet::from([group(2)]), ..Scripted::default() };
    let mut committer = Committer::new(script, LIMITS);
    let asked = execute(&mut committer, &[1, 2, 3]).await;
    assert_eq!(answers(asked), [Some(DONE), Some(Err(failed().into())), Some(DONE)]);
}

#[tokio::test]
async fn a_panic_fails_its_order_alone_and_is_rolled_back() {
    let script = Scripted { panicking: BTreeSet::from([group(2)]), ..Scripted::default() };
    let mut committer = Committer::new(script, LIMITS);
    let asked = execute(&mut committer, &[1, 2]).await;
    let answers = answers(asked);
    assert_eq!(answers[0], Some(DONE));
    assert!(matches!(answers[1], Some(Err(ExecuteError::Store(_)))), "{:?}", answers[1]);
    // Once with both orders, and once alone.
    assert_eq!(committer.writer.rolled_back, 2);
}

#[tokio::test]
async fn an_unavailable_database_is_not_retried_for_each_order() {
    let mut committer = Committer::new(Scripted { unavailable: true, ..Scripted::default() }, LIMITS);
    let asked = execute(&mut committer, &[1, 2, 3]).await;
    let full = || ExecuteError::from(StoreError::Unavailable(Reason::DiskFull));
    assert_eq!(answers(asked), vec![Some(Err(full())); 3]);
    assert_eq!(committer.writer.batches.len(), 1);
}

#[tokio::test]
async fn an_order_with_a_hook_is_written_in_its_own_batch_in_turn() {
    let mut committer = Committer::new(Scripted::default(), LIMITS);
    let jobs = [(1, None), (2, None), (3, Some(())), (4, None), (5, None)];
    let (jobs, asked): (Vec<_>, Vec<_>) = jobs.into_iter().map(|(number, hook)| job(group(number), hook)).unzip();
    committer.execute_orders(jobs).await;
    assert_eq!(answers(asked), vec![Some(DONE); 5]);
    let batches = [vec![group(1), group(2)], vec![group(3)], vec![group(4), group(5)]];
    assert_eq!(committer.writer.batches, batches);
}

#[tokio::test]
async fn orders_of_a_locked_group_are_set_aside_in_order_and_executed_when_it_is_free() {
    let script = Scripted { locked: BTreeSet::from([group(1)]), ..Scripted::default() };
    let mut committer = Committer::new(script, LIMITS);
    let first = execute(&mut committer, &[1, 2]).await;
    assert_eq!(answers(first)[1], Some(DONE), "the other group does not wait");
    // It waits behind the first order of its group, without being tried.
    let second = execute(&mut committer, &[1]).await;
    let count = committer.writer.batches.len();
    // Two orders are set aside, which is the limit.
    let third = execute(&mut committer, &[1]).await;
    assert_eq!(answers(third), [Some(Err(StoreError::Unavailable(Reason::QueueFull).into()))]);
    assert_eq!(committer.writer.batches.len(), count);
    committer.writer.locked.clear();
    committer.due().await;
    committer.try_again().await;
    assert!(committer.is_idle());
    assert_eq!(answers(second), [Some(DONE)]);
    assert_eq!(committer.writer.batches.last(), Some(&vec![group(1), group(1)]));
}
