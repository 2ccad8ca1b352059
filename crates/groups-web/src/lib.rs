//! The browser's side of groups, embedded: the client library, the `<groups-sidebar>` element and the page made of them.
//!
//! What is served is what stands in `assets/`: plain ES modules, no build step, nothing from a foreign host. A server needs two
//! routes, both for `GET`: [`page`] at `/`, and [`asset`] at `/assets/{path}` (the path may have several segments).
//!
//! # Caching
//! The page names its files below `assets/<release>/`, where the release is a hash over all of them. Those never change and are
//! [immutable](Asset::immutable). The same files without the release (`assets/groups-client.js`) are the stable addresses for other
//! pages; they are revalidated by their [`etag`](Asset::etag). Modules import each other by relative paths, so that a page
//! gets all of them from one release.
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

pub use served::{Asset, asset, content_security_policy, page, release};
