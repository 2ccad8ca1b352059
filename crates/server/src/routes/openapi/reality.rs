//! The document and the routes of the running application are the same. That each path has exactly the methods of the
//! document is tested over HTTP.

#![expect(clippy::expect_used, reason = "tests fail by panicking")]

use std::collections::{BTreeSet, HashSet};

use actix_cors::Cors;
use actix_web::introspection::IntrospectionTree;
use actix_web::middleware::Condition;
use actix_web::test::{TestRequest, call_and_read_body, init_service};
use actix_web::{App, web};
use serde_json::Value;

use super::operation::Operation;
use super::operations::operations;
use crate::mount::Mount;
use crate::routes;

/// With everything that the service can mount.
const EVERYTHING: Mount =
    Mount { prefix: String::new(), page: true, documents: true, cors: false, metrics: true, directory: true };

/// The paths of an application.
async fn mounted(mount: Mount) -> BTreeSet<String> {
    let app = App::new()
        .configure(|config| routes::configure(config, Condition::new(false, Cors::default()), &mount))
        .route("/routes", web::get().to(|tree: web::Data<IntrospectionTree>| async move { tree.report_as_json() }));
    let app = init_service(app).await;
    let report = call_and_read_body(&app, TestRequest::get().uri("/routes").to_request()).await;
    let report: Vec<Value> = serde_json::from_slice(&report).expect("a list");
    let resources = report.iter().filter(|item| item["resource_type"] == "resource");
    let paths = resources.map(|item| item["full_path"].as_str().expect("a path").replace(":.*}", "}"));
    paths.filter(|path| path != "/routes").collect()
}

#[actix_web::test]
async fn every_route_is_in_the_document_and_every_path_of_the_document_is_a_route() {
    let documented: BTreeSet<_> = operations().into_iter().map(|operation| operation.path).collect();
    assert_eq!(mounted(EVERYTHING).await, documented);
}

#[actix_web::test]
async fn without_the_documents_their_page_is_not_served_either() {
    let everything = mounted(EVERYTHING).await;
    let without = mounted(Mount { documents: false, ..EVERYTHING }).await;
    let missing: Vec<_> = everything.difference(&without).map(String::as_str).collect();
    assert_eq!(missing, ["/asyncapi.json", "/docs", "/openapi.json"]);
    let without = mounted(Mount { page: false, ..EVERYTHING }).await;
    let missing: Vec<_> = everything.difference(&without).map(String::as_str).collect();
    assert_eq!(missing, ["/", "/assets/{path}", "/docs", "/join/{token}"]);
}

#[actix_web::test]
async fn the_directory_can_be_switched_off() {
    let everything = mounted(EVERYTHING).await;
    let without = mounted(Mount { directory: false, ..EVERYTHING }).await;
    let missing: Vec<_> = everything.difference(&without).map(String::as_str).collect();
    assert_eq!(missing, ["/v1/directory"]);
}

#[test]
fn every_operation_is_in_the_document_once() {
    let mut known = HashSet::new();
    for Operation { method, path, .. } in operations() {
        assert!(known.insert((method.clone(), path.clone())), "{method} {path} is there twice");
    }
}
