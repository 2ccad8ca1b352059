//! The example for embedders tells the story that its readers are shown.

use crate::golden;

#[expect(dead_code, reason = "its `main` is for people")]
#[path = "../../examples/embedded.rs"]
mod example;

#[test]
fn the_example_tells_its_golden_story() {
    golden::compare("embedded.txt", &example::story().unwrap());
}
