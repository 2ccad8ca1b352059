//! Tests which endings are reported as failures.
#![expect(clippy::panic, reason = "tasks of a test panic on purpose")]

use std::future::{pending, ready};

use futures_util::poll;
use groups_supervisor::{Cause, Supervisor, TaskFailure};

fn panicked(task: &str, message: &str) -> TaskFailure {
    TaskFailure { task: task.to_owned(), cause: Cause::Panicked { message: message.to_owned() } }
}

#[tokio::test]
async fn the_first_task_that_panics_is_reported_with_its_message() {
    let supervisor = Supervisor::new();
    supervisor.spawn("steady", pending());
    supervisor.spawn("broken", async { panic!("out of {}", "luck") });
    assert_eq!(supervisor.failed().await, panicked("broken", "out of luck"));
    supervisor.inject_panic("steady");
    while supervisor.running() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(supervisor.failure(), Some(panicked("broken", "out of luck")), "the first failure stays reported");
}

#[tokio::test]
async fn a_task_that_returns_is_reported_if_it_must_not_end() {
    let supervisor = Supervisor::new();
    assert_eq!(supervisor.until_closed("a queue", ready(7)).await, Some(7));
    assert_eq!(supervisor.failure(), None);
    supervisor.endless("a loop", ready(())).await;
    let expected = TaskFailure { task: "a loop".to_owned(), cause: Cause::Returned };
    assert_eq!(supervisor.failed().await, expected);
    assert_eq!(expected.to_string(), "the task \"a loop\" ended unexpectedly");
}

#[tokio::test]
async fn a_thread_that_panics_is_reported_to_a_waiting_task() {
    let supervisor = Supervisor::new();
    let watched = supervisor.clone();
    let thread = std::thread::spawn(move || watched.thread("a writer", || panic!("of its own")));
    assert_eq!(supervisor.failed().await, panicked("a writer", "of its own"));
    assert!(matches!(thread.join(), Ok(None)));
}

#[tokio::test]
async fn a_task_that_ends_after_the_stop_is_not_a_failure() {
    let supervisor = Supervisor::new();
    supervisor.spawn("endless", pending());
    supervisor.stop();
    supervisor.spawn("too late", pending());
    while supervisor.running() > 0 {
        tokio::task::yield_now().await;
    }
    supervisor.endless("a loop", ready(())).await;
    supervisor.thread("a writer", || panic!("late"));
    assert!(poll!(Box::pin(supervisor.failed())).is_pending());
}

#[tokio::test]
async fn a_fault_is_injected_into_the_named_task_or_thread_only() {
    let supervisor = Supervisor::new();
    supervisor.inject_panic("a writer");
    supervisor.fault_point("another writer");
    assert_eq!(supervisor.until_closed("another queue", ready(1)).await, Some(1));
    let ended = supervisor.thread("a writer", || supervisor.fault_point("a writer"));
    assert_eq!((ended, supervisor.failure()), (None, Some(panicked("a writer", "injected into a writer"))));
}
