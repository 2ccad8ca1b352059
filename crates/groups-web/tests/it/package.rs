//! What goes to npm.

use std::{fs, path::Path};

#[test]
fn the_license_of_the_project_is_part_of_the_package() {
    let ours = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| fs::read_to_string(ours.join(path)).unwrap();
    assert_eq!(read("LICENSE"), read("../../LICENSE"));
}
