//! No file of a crate imports, directly or through others, a file that imports it.
//!
//! File A imports file B if the code of A names an item that B defines: in a `use`, in a path such as `super::Foo`, or in the
//! arguments of a macro. A name is followed through re-exports to its definition, so `use crate::Foo` is an import of the file
//! that defines `Foo`, and not of `lib.rs`. Not an import:
//!
//! * a declaration (`mod child;`) or a re-export (`pub use child::Foo;`);
//! * what is compiled only for tests or fuzzing;
//! * a method that is called without naming its type.

mod graph;
mod mentions;
mod names;

use std::fs;
use std::path::Path;

use graph::{Edges, cycles};
use names::Crate;

#[test]
fn no_file_imports_a_file_that_imports_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = 0;
    let mut found = Vec::new();
    for folder in ["crates", "bins"] {
        for package in fs::read_dir(root.join(folder)).unwrap() {
            let package = package.unwrap().path();
            for entry in ["src/lib.rs", "src/main.rs"].map(|entry| package.join(entry)) {
                if entry.exists() {
                    let parsed = Crate::parse(&root, &entry);
                    files += parsed.files();
                    found.extend(cycles(&parsed.imports()));
                }
            }
        }
    }
    assert!(files > 200, "only {files} files were read");
    assert!(found.is_empty(), "{} cycles:\n\n{}", found.len(), found.join("\n\n"));
}

/// The imports of a crate that is given as files.
fn imports(files: &[(&str, &str)]) -> Edges {
    Crate::parse_with(Path::new("lib.rs"), &|path| {
        files.iter().find(|(name, _)| Path::new(name) == path).map(|(_, text)| (*text).to_owned())
    })
    .imports()
}

fn pairs(files: &[(&str, &str)]) -> Vec<(String, String)> {
    imports(files).into_keys().collect()
}

fn pair(from: &str, to: &str) -> (String, String) {
    (from.to_owned(), to.to_owned())
}

#[test]
fn a_name_is_followed_through_reexports_to_its_definition() {
    let lib = "mod a; mod b; pub use a::Foo; pub use b::*;";
    let a = "pub struct Foo; fn f() { super::bar(); }";
    let b = "pub fn bar() {} pub fn baz() { let _ = crate::Foo; }";
    assert_eq!(pairs(&[("lib.rs", lib), ("a.rs", a), ("b.rs", b)]), [pair("a.rs", "b.rs"), pair("b.rs", "a.rs")]);
}

#[test]
fn a_parent_and_a_child_that_name_each_other_are_a_cycle() {
    let lib = "mod parent;";
    let parent = "mod child; pub(crate) fn help() {} pub(crate) fn run() { child::step() }";
    let child = "use super::help; pub(crate) fn step() { help() }";
    let files = [("lib.rs", lib), ("parent.rs", parent), ("parent/child.rs", child)];
    let report = cycles(&imports(&files));
    assert_eq!(report, ["parent.rs -> parent/child.rs: step\nparent/child.rs -> parent.rs: help"]);
    let alone = "mod child; pub(crate) use child::step; pub(crate) fn help() {}";
    assert_eq!(pairs(&[files[0], ("parent.rs", alone), files[2]]), [pair("parent/child.rs", "parent.rs")]);
}

#[test]
fn macros_and_modules_in_files_elsewhere_are_read_and_tests_are_not() {
    let lib = "mod a; mod b { pub use super::d::D; } #[path = \"c.rs\"] mod d; fn log() {}";
    let a = "fn f() { println!(\"{}\", crate::b::D::NAME); } #[cfg(all(test, unix))] mod tests { use crate::log; }";
    let c = "pub struct D; impl D { pub const NAME: &str = \"\"; } fn g() { crate::log() }";
    assert_eq!(pairs(&[("lib.rs", lib), ("a.rs", a), ("c.rs", c)]), [pair("a.rs", "c.rs"), pair("c.rs", "lib.rs")]);
}
