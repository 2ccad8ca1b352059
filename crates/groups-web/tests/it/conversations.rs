//! Conversations of one client with a server, written for the JavaScript's tests: both languages fold the same frames to the same list.
//!
//! Each file has one step a line: `connect` with the cursor that the client has to come with, `frame` with a frame of the server and what
//! becomes of it where it is an event, `cut` for a lost line, `list` with the list that the client has to have by then.

mod plots;
mod story;

use std::path::Path;

use self::story::Story;

fn compare(name: &str, story: Story) {
    let text: String = story.lines().iter().map(|line| format!("{line}\n")).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conversations").join(format!("{name}.jsonl"));
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(golden == text, "{name}.jsonl is stale; UPDATE_GOLDEN=1 rewrites it");
}
