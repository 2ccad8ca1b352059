//! `GET /`, `GET /join/{token}`, `GET /docs` and `GET /assets/…`: the page with the sidebar, the page that shows the interface, and
//! their modules for use in other pages.

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use groups_web::Asset;

use super::file::{self, File};
use crate::groups::Groups;
use crate::{Code, Problem};

pub(super) async fn index(groups: web::Data<Groups>, request: HttpRequest) -> HttpResponse {
    let in_development = groups.development().is_ok();
    serve(&request, if in_development { groups_web::development_page() } else { groups_web::page() })
}

/// The page, for users who follow a link into a group.
pub(super) async fn join(groups: web::Data<Groups>, request: HttpRequest) -> HttpResponse {
    let in_development = groups.development().is_ok();
    let page = if in_development { groups_web::development_join_page() } else { groups_web::join_page() };
    let mut response = serve(&request, page);
    let headers = response.headers_mut();
    // Its URL contains a token.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let policy = HeaderValue::from_static(groups_web::join_page_content_security_policy());
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

pub(super) async fn docs(request: HttpRequest) -> HttpResponse {
    serve(&request, groups_web::docs())
}

pub(super) async fn asset(request: HttpRequest, path: web::Path<String>) -> Result<HttpResponse, Problem> {
    match groups_web::asset(&path) {
        Some(asset) => Ok(serve(&request, asset)),
        None => Err(Problem::new(Code::NotFound, "File not found.")),
    }
}

fn serve(request: &HttpRequest, asset: Asset) -> HttpResponse {
    let cache_control = asset.cache_control();
    let Asset { bytes, gzip, content_type, etag, .. } = asset;
    let mut response = file::serve(request, &File { bytes, gzip, content_type, etag, cache_control });
    let policy = HeaderValue::from_static(groups_web::content_security_policy());
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
