//! The example for embedders prints the text of the golden file.

use crate::golden;

#[expect(dead_code, reason = "its `main` is for people")]
#[path = "../../examples/embedded.rs"]
mod example;

#[test]
fn the_output_of_the_example_matches_the_golden_file() {
    golden::compare("embedded.txt", &example::story().unwrap());
}
