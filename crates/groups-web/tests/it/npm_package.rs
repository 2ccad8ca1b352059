//! The npm package in a folder of its own, as `npm install` would leave it, and programs of Node.js that check or run it there.
//!
//! `GROUPS_TEST_NODE_MODULES` names a `node_modules` with what a test needs.

use std::{
    collections::BTreeMap,
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// A copy of the package with its development dependencies and its tests.
pub(super) struct Package(PathBuf);

impl Package {
    /// `None`, and reported as skipped, if one of these packages is not installed.
    pub(super) fn with(packages: &[&str]) -> Option<Self> {
        let modules = env::var_os("GROUPS_TEST_NODE_MODULES").map(PathBuf::from);
        let is_there =
            |name: &str| modules.as_ref().is_some_and(|modules| modules.join(name).join("package.json").is_file());
        if let Some(missing) = packages.iter().find(|name| !is_there(name)) {
            untested::skip(&format!("the npm package {missing} in GROUPS_TEST_NODE_MODULES"));
            return None;
        }
        let name = std::thread::current().name().unwrap().replace(':', "-");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        let ours = Path::new(env!("CARGO_MANIFEST_DIR"));
        for (name, text) in
            texts(ours, &["assets", "types", "tests/js", "tests/frameworks", "tests/recipes", "tests/workers"])
        {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        for name in ["package.json", "tsconfig.json", "tsconfig.types.json"] {
            fs::copy(ours.join(name), folder.join(name)).unwrap();
        }
        symlink(modules.unwrap(), folder.join("node_modules")).unwrap();
        Some(Self(folder))
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// What a compiler says; nothing if all is well.
    pub(super) fn compile(&self, compiler: &str, arguments: &[&str]) -> String {
        let compiler = format!("node_modules/{compiler}");
        let output = self.run(&[&[compiler.as_str()], arguments].concat());
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.success(), said.is_empty(), "{said}");
        said
    }

    /// Runs Node.js in the folder of the package.
    pub(super) fn run(&self, arguments: &[&str]) -> Output {
        Command::new("node").args(arguments).current_dir(&self.0).stdin(Stdio::null()).output().unwrap()
    }
}

/// The texts below some folders, by their names.
pub(super) fn texts(root: &Path, folders: &[&str]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open: Vec<_> = folders.iter().map(|folder| root.join(folder)).collect();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                found.insert(path.strip_prefix(root).unwrap().to_string_lossy().into_owned(), text);
            }
        }
    }
    found
}
