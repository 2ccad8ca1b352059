//! The embedded files as they are served: with hashes, content types and compressed bodies.

use std::{collections::BTreeMap, io::Write, sync::LazyLock};

use flate2::{Compression, write::GzEncoder};

use crate::{files::FILES, hash::Hash};

/// The template of the page.
const PAGE: &str = "index.html";
/// The template of the page that shows the interface.
const DOCS: &str = "docs.html";
/// The folder in the templates that is replaced by the folder of the release.
const FOLDER: &str = "assets/";
/// The root element of the template, and what it is in development mode. `page/sign-in.js` reads it.
const ROOT: &str = "<html ";
const DEVELOPMENT_ROOT: &str = "<html data-development ";
/// The start of the head of the template, and what it is in a page one level below the others.
const HEAD: &str = "<meta charset=\"utf-8\">\n";
const HEAD_ONE_LEVEL_DOWN: &str = "<meta charset=\"utf-8\">\n<base href=\"../\">\n";

/// A file, ready to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// The uncompressed content.
    pub bytes: &'static [u8],
    /// The content for `Content-Encoding: gzip`; `None` if that is not smaller.
    pub gzip: Option<&'static [u8]>,
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// The value of `ETag`, including quotes. It is weak, because it identifies the content and not its encoding (RFC 9110
    /// section 8.8.1).
    pub etag: &'static str,
    /// Whether the requested URL always returns this content.
    pub immutable: bool,
}

impl Asset {
    /// The value of `Cache-Control`: one year (the conventional maximum) if [`immutable`](Self::immutable), otherwise
    /// revalidation at each use.
    pub fn cache_control(&self) -> &'static str {
        if self.immutable { "public, max-age=31536000, immutable" } else { "no-cache" }
    }
}

/// The page at `/`. It uses relative URLs for `assets/…` and `v1/…`, so that it can also be served below a path prefix.
pub fn page() -> Asset {
    BUNDLE.page.asset(false)
}

/// The page at `/docs`: it shows `openapi.json` and `asyncapi.json`, which are next to it. Its other URLs are relative as well.
pub fn docs() -> Asset {
    BUNDLE.docs.asset(false)
}

/// The same page for a server in development mode: it offers sign-in by name instead of asking for a token.
pub fn development_page() -> Asset {
    BUNDLE.development_page.asset(false)
}

/// The file at `assets/{path}`, with or without the [`release`] as its first segment.
///
/// `None` if there is no such file. A path with another release returns the file of this release, to be revalidated: during a
/// rolling upgrade, the page and its files may come from different servers.
pub fn asset(path: &str) -> Option<Asset> {
    let (release, name) = match path.split_once('/') {
        Some((first, rest)) if is_release(first) => (Some(first), rest),
        _ => (None, path),
    };
    BUNDLE.files.get(name).map(|file| file.asset(release == Some(BUNDLE.release.as_str())))
}

/// The hash of all files as 16 hexadecimal digits. The page loads its files from the folder of this name.
pub fn release() -> &'static str {
    &BUNDLE.release
}

/// The [`page`] at `/join/{token}`, where links into groups lead. Its base URL is that of the page at `/`, so its relative URLs
/// are the same.
pub fn join_page() -> Asset {
    BUNDLE.join_page.asset(false)
}

/// The same page for a server in development mode.
pub fn development_join_page() -> Asset {
    BUNDLE.development_join_page.asset(false)
}

/// The value of `Content-Security-Policy` for the page and its files: same origin only, nothing inline, no HTML from strings.
///
/// `connect-src 'self'` also covers the WebSocket (Content Security Policy Level 3, section 6.7.2.8, "scheme-part matches").
pub fn content_security_policy() -> &'static str {
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
}

/// The same for the [`join_page`], which sets its base URL.
pub fn join_page_content_security_policy() -> &'static str {
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'self'; \
     form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
}

struct File {
    bytes: Vec<u8>,
    gzip: Option<Vec<u8>>,
    content_type: &'static str,
    etag: String,
}

impl File {
    fn new(name: &str, bytes: Vec<u8>) -> Self {
        let etag = format!("W/\"{}\"", Hash::new().part(&bytes).hex());
        let gzip = gzip(&bytes).filter(|gzip| gzip.len() < bytes.len());
        Self { gzip, content_type: content_type(name), etag, bytes }
    }

    fn asset(&'static self, immutable: bool) -> Asset {
        Asset {
            bytes: &self.bytes,
            gzip: self.gzip.as_deref(),
            content_type: self.content_type,
            etag: &self.etag,
            immutable,
        }
    }
}

struct Bundle {
    release: String,
    page: File,
    docs: File,
    development_page: File,
    join_page: File,
    development_join_page: File,
    files: BTreeMap<&'static str, File>,
}

/// Compressed and hashed once, at first use. This takes a few milliseconds.
static BUNDLE: LazyLock<Bundle> = LazyLock::new(|| {
    let release = FILES.iter().fold(Hash::new(), |hash, (name, bytes)| hash.part(name.as_bytes()).part(bytes)).hex();
    let page = |name| {
        let template = FILES.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, bytes)| bytes);
        String::from_utf8_lossy(template).replace(FOLDER, &format!("{FOLDER}{release}/"))
    };
    let (page, docs) = (page(PAGE), page(DOCS));
    let development_page = page.replacen(ROOT, DEVELOPMENT_ROOT, 1);
    let one_level_down = |page: &str| File::new(PAGE, page.replacen(HEAD, HEAD_ONE_LEVEL_DOWN, 1).into_bytes());
    let others = FILES.iter().filter(|(name, _)| *name != PAGE && *name != DOCS);
    Bundle {
        release,
        join_page: one_level_down(&page),
        development_join_page: one_level_down(&development_page),
        development_page: File::new(PAGE, development_page.into_bytes()),
        page: File::new(PAGE, page.into_bytes()),
        docs: File::new(DOCS, docs.into_bytes()),
        files: others.map(|(name, bytes)| (*name, File::new(name, bytes.to_vec()))).collect(),
    }
});

/// The compressed bytes; `None` if compression fails, which does not happen when writing to memory.
fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

fn is_release(segment: &str) -> bool {
    segment.len() == 16 && segment.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
