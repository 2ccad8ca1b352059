//! The recipes of the README are the files in `tests/recipes/`. They type-check with the compilers of their frameworks, and can be
//! bundled and rendered.

use std::{fs, path::Path};

use super::npm_package::{Package, texts};

const TSC: &str = "typescript/lib/tsc.js";

/// Makes a project of the recipes of one framework, and returns its path.
fn project(package: &Package, framework: &str, options: &str) -> String {
    let path = format!("tests/recipes/tsconfig.{framework}.json");
    let project = format!(
        r#"{{"extends":"../../tsconfig.json","compilerOptions":{{"allowJs":false,"checkJs":false,"jsx":"react-jsx"{options}}},"include":["{framework}/**/*"]}}"#
    );
    fs::write(package.path(&path), project).unwrap();
    path
}

#[test]
fn the_readme_shows_every_recipe_as_it_is_tested() {
    let recipes = texts(Path::new(env!("CARGO_MANIFEST_DIR")), &["tests/recipes"]);
    assert!(recipes.len() >= 6, "{:?}", recipes.keys());
    for (name, text) in recipes {
        let language = name.rsplit('.').next().unwrap();
        let block = format!("\n```{language}\n{text}```\n");
        assert!(include_str!("../../README.md").contains(&block), "the README does not show {name} as it is:{block}");
    }
}

#[test]
fn the_recipe_for_react_type_checks() {
    let Some(package) = Package::with(&["typescript", "@types/react"]) else { return };
    assert_eq!(package.compile(TSC, &["--project", &project(&package, "react", "")]), "");
}

#[test]
fn the_recipe_for_next_type_checks() {
    let Some(package) = Package::with(&["typescript", "@types/react", "next"]) else { return };
    // As in a new application: the declarations of Next.js need later libraries than ours.
    let options = r#","lib":["dom","dom.iterable","esnext"],"skipLibCheck":true"#;
    assert_eq!(package.compile(TSC, &["--project", &project(&package, "next", options)]), "");
}

#[test]
fn the_recipe_for_vue_type_checks() {
    let Some(package) = Package::with(&["typescript", "vue", "vue-tsc"]) else { return };
    assert_eq!(package.compile("vue-tsc/bin/vue-tsc.js", &["--project", &project(&package, "vue", "")]), "");
}

#[test]
fn the_recipe_for_svelte_type_checks() {
    let Some(package) = Package::with(&["typescript", "svelte", "svelte-check"]) else { return };
    let project = project(&package, "svelte", "");
    let compiler = "node_modules/svelte-check/bin/svelte-check";
    let output = package.run(&[compiler, "--output", "machine", "--fail-on-warnings", "--tsconfig", &project]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains(" 0 ERRORS 0 WARNINGS "), "{said}");
}

#[test]
fn each_recipe_can_be_bundled_and_rendered_on_a_server() {
    let needed = ["esbuild", "next", "react", "react-dom", "svelte", "vue"];
    let Some(package) = Package::with(&needed) else { return };
    let output = package.run(&["--test", "tests/frameworks/recipes.test.mjs"]);
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{report}\n{}", String::from_utf8_lossy(&output.stderr));
}
