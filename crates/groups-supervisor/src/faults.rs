//! Panics that tests ask for.

use tokio::sync::watch;

/// The names of the tasks that are to panic.
#[derive(Debug, Default)]
pub(super) struct Faults(watch::Sender<Vec<String>>);

impl Faults {
    pub(super) fn inject(&self, task: &str) {
        self.0.send_modify(|tasks| tasks.push(task.to_owned()));
    }

    /// The future, until its task is to panic.
    pub(super) fn around<T>(&self, task: &str, future: impl Future<Output = T>) -> impl Future<Output = T> {
        let (mut tasks, task) = (self.0.subscribe(), task.to_owned());
        async move {
            let injected = async {
                // The sender lives as long as the supervisor; without it nobody can ask any more.
                if tasks.wait_for(|tasks| tasks.contains(&task)).await.is_err() {
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                biased;
                () = injected => panic_in(&task),
                value = future => value,
            }
        }
    }

    pub(super) fn check(&self, task: &str) {
        let injected = self.0.borrow().iter().any(|injected| injected == task);
        if injected {
            panic_in(task);
        }
    }
}

#[expect(clippy::panic, reason = "that is what is asked for")]
fn panic_in(task: &str) -> ! {
    panic!("injected into {task}")
}
