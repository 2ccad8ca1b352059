//! The embedded browser files of groups: the client library, the `<groups-sidebar>` element, and the page that uses them.
//!
//! The files in `assets/` are served as they are: plain ES modules, no build step, no third-party hosts. A server needs two
//! `GET` routes: [`page`] at `/`, and [`asset`] at `/assets/{path}` (the path may have several segments). [`docs`] at `/docs` shows
//! the interface, if the server has `/openapi.json` and `/asyncapi.json`. [`join_page`] at `/join/{token}` is where links into groups
//! lead.
//!
//! # Caching
//! The page refers to its files as `assets/<release>/…`, where the release is a hash of all files. The content at these URLs never
//! changes, so they are [immutable](Asset::immutable). URLs without the release (`assets/groups-client.js`) are stable, for use by
//! other pages. They are revalidated by their [`etag`](Asset::etag). Modules import each other by relative paths, so a page
//! gets all modules from the same release.
//!
//! # Example
//! ```
//! let page = groups_web::page();
//! assert_eq!(page.content_type, "text/html; charset=utf-8");
//!
//! let client = groups_web::asset("page.js").ok_or("no such file")?;
//! assert_eq!(client.cache_control(), "no-cache");
//! # Ok::<(), &str>(())
//! ```

mod files;
mod hash;
mod served;

pub use served::{
    Asset, asset, content_security_policy, development_join_page, development_page, docs, join_page,
    join_page_content_security_policy, page, release,
};
