//! The workers in TypeScript of `docs/recipes.md`: the files in `tests/workers/`, which type-check and work.

use std::{fs, path::Path};

use super::npm_package::{Package, texts};

#[test]
fn the_document_shows_every_worker_as_it_is_tested() {
    let workers = texts(Path::new(env!("CARGO_MANIFEST_DIR")), &["tests/workers"]);
    assert_eq!(workers.len(), 3, "{:?}", workers.keys());
    for (name, text) in workers {
        let block = format!("\n```ts\n{text}```\n");
        let document = include_str!("../../../../docs/recipes.md");
        assert!(document.contains(&block), "docs/recipes.md does not show {name} as it is:{block}");
    }
}

#[test]
fn the_workers_type_check() {
    let Some(package) = Package::with(&["typescript", "@types/node"]) else { return };
    let options = r#"{"extends":"../../tsconfig.json","compilerOptions":{"allowJs":false,"checkJs":false,"types":["node"],"skipLibCheck":true},"include":["*.ts"]}"#;
    fs::write(package.path("tests/workers/tsconfig.json"), options).unwrap();
    assert_eq!(package.compile("typescript/lib/tsc.js", &["--project", "tests/workers/tsconfig.json"]), "");
}

#[test]
fn the_workers_react_once() {
    let Some(package) = Package::with(&["esbuild"]) else { return };
    let output = package.run(&["--test", "tests/frameworks/workers.test.mjs"]);
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report}\n{}", String::from_utf8_lossy(&output.stderr));
}
