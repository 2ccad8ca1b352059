//! Where and what an application mounts of the service.

/// What [`Groups::configure`] mounts.
#[derive(Clone, Debug)]
pub(crate) struct Mount {
    /// Empty, or a path that starts with a slash and does not end with one.
    pub(crate) prefix: String,
    pub(crate) page: bool,
    pub(crate) documents: bool,
    pub(crate) cors: bool,
    pub(crate) metrics: bool,
    /// Whether outsiders can search for groups.
    pub(crate) directory: bool,
}
