//! The files as they are served: hashed, compressed once, and named.

use std::{collections::BTreeMap, io::Write, sync::LazyLock};

use flate2::{Compression, write::GzEncoder};

use crate::{files::FILES, hash::Hash};

/// The page's template, and what in it stands for the folder of the release.
const PAGE: &str = "index.html";
const FOLDER: &str = "assets/";

/// One file, ready to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// The content.
    pub bytes: &'static [u8],
    /// The same as `Content-Encoding: gzip`, where that is smaller.
    pub gzip: Option<&'static [u8]>,
    /// For `Content-Type`.
    pub content_type: &'static str,
    /// For `ETag`, quotes included. It is weak, for it names the content and not its encoding (RFC 9110 section 8.8.1).
    pub etag: &'static str,
    /// Whether the address that was asked for always stands for this content.
    pub immutable: bool,
}

impl Asset {
    /// For `Cache-Control`: a year (the customary "for ever") where [`immutable`](Self::immutable), else to be revalidated at each use.
    pub fn cache_control(&self) -> &'static str {
        if self.immutable { "public, max-age=31536000, immutable" } else { "no-cache" }
    }
}

/// The page at `/`. It refers to `assets/…` and `v1/…` relatively, so that it may also stand at the root of a deeper folder.
pub fn page() -> Asset {
    BUNDLE.page.asset(false)
}

/// The file at `assets/{path}`, with or without the [`release`] as its first segment.
///
/// A path of another release gives the file of this one, to be revalidated: while servers are being replaced one by one, the page
/// may come from one of them and its files from another.
pub fn asset(path: &str) -> Option<Asset> {
    let (release, name) = match path.split_once('/') {
        Some((first, rest)) if is_release(first) => (Some(first), rest),
        _ => (None, path),
    };
    BUNDLE.files.get(name).map(|file| file.asset(release == Some(BUNDLE.release.as_str())))
}

/// The hash over all files, sixteen hexadecimal digits: the folder that the page takes its files from.
pub fn release() -> &'static str {
    &BUNDLE.release
}

/// For `Content-Security-Policy` on the page and on its files: everything from one's own origin, nothing inline, no HTML from strings.
///
/// `connect-src 'self'` covers the WebSocket too (Content Security Policy Level 3, section 6.7.2.8, "scheme-part matches").
pub fn content_security_policy() -> &'static str {
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
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
    files: BTreeMap<&'static str, File>,
}

/// Compressed and hashed at first use: some milliseconds, once.
static BUNDLE: LazyLock<Bundle> = LazyLock::new(|| {
    let release = FILES.iter().fold(Hash::new(), |hash, (name, bytes)| hash.part(name.as_bytes()).part(bytes)).hex();
    let template = FILES.iter().find(|(name, _)| *name == PAGE).map_or(&[][..], |(_, bytes)| bytes);
    let page = String::from_utf8_lossy(template).replace(FOLDER, &format!("{FOLDER}{release}/"));
    let others = FILES.iter().filter(|(name, _)| *name != PAGE);
    Bundle {
        release,
        page: File::new(PAGE, page.into_bytes()),
        files: others.map(|(name, bytes)| (*name, File::new(name, bytes.to_vec()))).collect(),
    }
});

/// `None` where it cannot be compressed, which writing to memory gives no reason for.
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
