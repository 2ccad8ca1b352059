//! Ways into a group and out of it: invitations, requests to join, links, open groups and bans.

mod cast;
mod changes;
mod properties;
mod rejections;
mod scenarios;
mod sidebar;
mod tables;

pub(crate) use self::changes::every_way_in;
pub(crate) use self::rejections::cases;
