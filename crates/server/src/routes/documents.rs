//! `GET /openapi.json` and `GET /asyncapi.json`: descriptions of the interface for programs.
//!
//! Tests generate both files from the code (`just bless`).

use std::io::Write as _;
use std::sync::LazyLock;

use actix_web::{HttpRequest, HttpResponse};
use flate2::Compression;
use flate2::write::GzEncoder;
use ring::digest;

use super::file::{File, serve};

pub(super) async fn openapi(request: HttpRequest) -> HttpResponse {
    static DOCUMENT: LazyLock<Document> =
        LazyLock::new(|| Document::new(include_bytes!("../../../../docs/openapi.json")));
    DOCUMENT.serve(&request)
}

pub(super) async fn asyncapi(request: HttpRequest) -> HttpResponse {
    static DOCUMENT: LazyLock<Document> =
        LazyLock::new(|| Document::new(include_bytes!("../../../../docs/asyncapi.json")));
    DOCUMENT.serve(&request)
}

/// A document with what is derived from it, once.
struct Document {
    bytes: &'static [u8],
    gzip: Option<Vec<u8>>,
    etag: String,
}

impl Document {
    fn new(bytes: &'static [u8]) -> Self {
        let digest = digest::digest(&digest::SHA256, bytes);
        let etag = digest.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>();
        // Weak, because it identifies the content and not its encoding.
        Self { bytes, gzip: gzip(bytes), etag: format!("W/\"{etag}\"") }
    }

    fn serve(&'static self, request: &HttpRequest) -> HttpResponse {
        let file = File {
            bytes: self.bytes,
            gzip: self.gzip.as_deref(),
            content_type: "application/json",
            etag: &self.etag,
            cache_control: "no-cache",
        };
        serve(request, &file)
    }
}

/// `None` if compression fails, which does not happen when writing to memory.
fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}
