//! Embedded files: with an entity tag, and compressed for clients that accept it.

use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse};

pub(super) struct File {
    pub(super) bytes: &'static [u8],
    pub(super) gzip: Option<&'static [u8]>,
    pub(super) content_type: &'static str,
    pub(super) etag: &'static str,
    pub(super) cache_control: &'static str,
}

/// 304 if the client has the file already.
pub(super) fn serve(request: &HttpRequest, file: &File) -> HttpResponse {
    let headers = request.headers();
    let unchanged = names(headers, header::IF_NONE_MATCH, |tag| tag == file.etag || tag == "*");
    let mut response = if unchanged { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((header::ETAG, file.etag))
        .insert_header((header::CACHE_CONTROL, file.cache_control))
        .insert_header((header::VARY, "Accept-Encoding"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        // Pages of other origins may load the files, which contain no secrets.
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((header::CONTENT_TYPE, file.content_type));
    if unchanged {
        return response.finish();
    }
    let takes_gzip = names(headers, header::ACCEPT_ENCODING, |coding| coding.split(';').next() == Some("gzip"));
    match file.gzip {
        Some(gzip) if takes_gzip => response.insert_header((header::CONTENT_ENCODING, "gzip")).body(gzip),
        _ => response.body(file.bytes),
    }
}

/// Whether a comma-separated header contains a matching item.
fn names(headers: &HeaderMap, header: header::HeaderName, is_it: impl Fn(&str) -> bool) -> bool {
    headers
        .get_all(header)
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|item| is_it(item.trim()))
}
