//! The files as they are served.

use std::{
    collections::BTreeSet,
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use flate2::read::GzDecoder;
use groups_web::{asset, content_security_policy, development_page, docs, page, release};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets")
}

/// Every file of `assets/`, by its name below it.
fn on_disk() -> BTreeSet<String> {
    fn walk(folder: &Path, prefix: &str, names: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().into_string().unwrap());
            match entry.file_type().unwrap().is_dir() {
                true => walk(&entry.path(), &format!("{name}/"), names),
                false => drop(names.insert(name)),
            }
        }
    }
    let mut names = BTreeSet::new();
    walk(&folder(), "", &mut names);
    names
}

/// The pages, by the names of their templates.
fn pages() -> [(&'static str, String); 2] {
    [("index.html", page()), ("docs.html", docs())]
        .map(|(name, page)| (name, String::from_utf8(page.bytes.to_vec()).unwrap()))
}

fn is_template(name: &str) -> bool {
    name.ends_with(".html")
}

/// The values of `href="…"` and `src="…"`.
fn references(html: &str) -> Vec<String> {
    let parts = html.split("href=\"").skip(1).chain(html.split("src=\"").skip(1));
    parts.map(|part| part.split('"').next().unwrap().to_owned()).collect()
}

#[test]
fn every_file_of_the_folder_is_embedded_unchanged() {
    let names = on_disk();
    assert!(names.len() > 3, "the folder was not found: {names:?}");
    for name in names.iter().filter(|name| !is_template(name)) {
        let embedded = asset(name).unwrap_or_else(|| panic!("{name} is missing in src/files.rs"));
        assert!(embedded.bytes == fs::read(folder().join(name)).unwrap(), "{name} differs");
        assert_ne!(embedded.content_type, "application/octet-stream", "{name} has no content type");
    }
}

#[test]
fn the_pages_refer_only_to_existing_files_of_its_release() {
    let references = pages().map(|(_, page)| references(&page));
    assert!(references.iter().all(|references| references.len() >= 3), "{references:?}");
    for reference in references.concat() {
        // What a page without scripts links to.
        if matches!(reference.as_str(), "openapi.json" | "asyncapi.json") {
            continue;
        }
        let path = reference.strip_prefix("assets/").unwrap_or_else(|| panic!("{reference} is not an asset"));
        assert_eq!(path.split('/').next(), Some(release()), "{reference}");
        let asset = asset(path).unwrap_or_else(|| panic!("{reference} is not there"));
        assert!(asset.immutable, "{reference}");
        assert_eq!(asset.cache_control(), "public, max-age=31536000, immutable");
    }
}

#[test]
fn stable_addresses_and_those_of_other_releases_are_revalidated() {
    for path in ["icon.svg", "0123456789abcdef/icon.svg"] {
        let asset = asset(path).unwrap();
        assert!(!asset.immutable, "{path}");
        assert_eq!(asset.cache_control(), "no-cache");
    }
    assert!(!page().immutable && !docs().immutable);
}

#[test]
fn a_missing_file_is_not_served() {
    for path in [
        "",
        "/",
        "nothing.js",
        "../Cargo.toml",
        "index.html",
        "docs.html",
        "/icon.svg",
        "icon.svg/",
        &format!("{}/", release()),
    ] {
        assert!(asset(path).is_none(), "{path}");
    }
}

#[test]
fn different_content_has_different_etags() {
    let names = on_disk();
    let etags: BTreeSet<_> = names.iter().filter_map(|name| asset(name)).map(|asset| asset.etag).collect();
    assert_eq!(etags.len(), names.len() - 2, "all but the templates of the pages");
    assert!(etags.iter().all(|etag| etag.starts_with("W/\"") && etag.ends_with('"')));
}

#[test]
fn the_compressed_form_has_the_same_content_and_is_smaller() {
    let mut compressed = 0;
    for name in on_disk().iter().filter(|name| !is_template(name)) {
        let asset = asset(name).unwrap();
        let Some(gzip) = asset.gzip else { continue };
        let mut content = Vec::new();
        GzDecoder::new(gzip).read_to_end(&mut content).unwrap();
        assert!(content == asset.bytes && gzip.len() < asset.bytes.len(), "{name}");
        compressed += 1;
    }
    assert!(compressed >= 2);
}

#[test]
fn the_policy_allows_no_inline_code_and_no_foreign_origin() {
    let policy = content_security_policy();
    assert!(policy.starts_with("default-src 'none';"));
    for forbidden in ["unsafe", "http", "*", "data:", "blob:"] {
        assert!(!policy.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn the_pages_contain_nothing_that_the_policy_forbids() {
    for (name, page) in pages() {
        for forbidden in [" style=", "<style", " onclick=", " onload=", "javascript:", "<script>"] {
            assert!(!page.contains(forbidden), "{name}: {forbidden}");
        }
    }
}

#[test]
fn no_file_mentions_a_foreign_host() {
    // Names, not addresses: nothing is fetched from a namespace.
    const NAMESPACES: [&str; 1] = ["http://www.w3.org/2000/svg"];
    // Nobody owns these (RFC 2606).
    const EXAMPLES: [&str; 2] = ["https://groups.example", "wss://groups.example"];
    for name in on_disk() {
        let text = fs::read_to_string(folder().join(&name)).unwrap();
        for (at, _) in text.match_indices("://") {
            let start = text[..at].rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(0, |found| found + 1);
            let address = &text[start..];
            let known = NAMESPACES.iter().chain(&EXAMPLES).any(|known| address.starts_with(known));
            assert!(known || start == at, "{name}: {}", address.lines().next().unwrap_or_default());
        }
    }
}

/// The modules that a module imports, directly or through others.
fn imports(name: &str, known: &mut BTreeSet<String>) {
    let text = fs::read_to_string(folder().join(name)).unwrap();
    let parent = Path::new(name).parent().unwrap();
    for line in text.lines().filter(|line| line.starts_with("import ") || line.starts_with("export ")) {
        let Some(path) = line.split_once("from \"").or(line.split_once("import \"")) else { continue };
        let mut resolved = parent.to_owned();
        for part in path.1.split('"').next().unwrap().split('/') {
            match part {
                "." => {}
                ".." => drop(resolved.pop()),
                part => resolved.push(part),
            }
        }
        let module = resolved.to_str().unwrap().to_owned();
        if known.insert(module.clone()) {
            imports(&module, known);
        }
    }
}

#[test]
fn the_pages_preload_all_their_modules() {
    for ((template, page), script) in pages().into_iter().zip(["page.js", "docs.js"]) {
        let mut modules = BTreeSet::new();
        imports(script, &mut modules);
        assert!(modules.len() > 5, "{modules:?}");
        let preload = |name: &String| format!("<link rel=\"modulepreload\" href=\"assets/{}/{name}\">", release());
        let missing: Vec<_> = modules.iter().filter(|name| !page.contains(&preload(name))).collect();
        assert!(missing.is_empty(), "{template} does not preload {missing:?}");
        assert_eq!(page.matches("modulepreload").count(), modules.len(), "{template} preloads more than it needs");
    }
}

#[test]
fn only_the_page_of_the_development_mode_says_so() {
    let development = String::from_utf8(development_page().bytes.to_vec()).unwrap();
    assert_eq!(development.replace("<html data-development ", "<html "), pages()[0].1);
    assert_ne!(development_page().etag, page().etag);
}
