//! `GET /` and `GET /assets/…`: the page with the sidebar, and its modules for use in other pages.

use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, web};
use groups_web::Asset;

use crate::{Code, Problem};

pub(super) async fn index(request: HttpRequest) -> HttpResponse {
    serve(&request, groups_web::page())
}

pub(super) async fn asset(request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, Problem> {
    match groups_web::asset(&path) {
        Some(asset) => Ok(serve(&request, asset)),
        None => Err(Problem::new(Code::NotFound, "File not found.")),
    }
}

fn serve(request: &HttpRequest, asset: Asset) -> HttpResponse {
    let headers = request.headers();
    let unchanged = names(headers, header::IF_NONE_MATCH, |tag| tag == asset.etag || tag == "*");
    let mut response = if unchanged { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((header::ETAG, asset.etag))
        .insert_header((header::CACHE_CONTROL, asset.cache_control()))
        .insert_header((header::VARY, "Accept-Encoding"))
        .insert_header((header::CONTENT_SECURITY_POLICY, groups_web::content_security_policy()))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        // Pages of other origins may load the modules, which contain no secrets.
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((header::CONTENT_TYPE, asset.content_type));
    if unchanged {
        return response.finish();
    }
    let takes_gzip = names(headers, header::ACCEPT_ENCODING, |coding| coding.split(';').next() == Some("gzip"));
    match asset.gzip {
        Some(gzip) if takes_gzip => response.insert_header((header::CONTENT_ENCODING, "gzip")).body(gzip),
        _ => response.body(asset.bytes),
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
