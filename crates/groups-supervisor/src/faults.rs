//! Injects panics for tests.

use tokio::sync::watch;

/// Names of the tasks that are to panic.
#[derive(Debug, Default)]
pub(super) struct Faults(watch::Sender<Vec<String>>);

impl Faults {
    pub(super) fn inject(&self, task: &str) {
        self.0.send_modify(|tasks| tasks.push(task.to_owned()));
    }

    /// Runs the future until a panic is injected into its task.
    pub(super) fn around<T>(&self, task: &str, future: impl Future<Output = T>) -> impl Future<Output = T> {
        let (mut tasks, task) = (self.0.subscribe(), task.to_owned());
        async move {
            let injected = async {
                // The sender lives as long as the supervisor. Without it no panic can be injected.
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

#[expect(clippy::panic, reason = "injects a panic on purpose")]
fn panic_in(task: &str) -> ! {
    panic!("injected into {task}")
}
