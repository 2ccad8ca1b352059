/** What the sidebar says, replaceable for other languages. */

/**
 * @typedef {object} Texts
 * @property {string} title
 * @property {string} filter
 * @property {string} sort
 * @property {string} newest
 * @property {string} recent
 * @property {string} name
 * @property {string} largest
 * @property {(count: number) => string} members
 * @property {string} owner
 * @property {string} admin
 * @property {string} member
 * @property {string} fresh On a group that has just come in.
 * @property {string} pending On a group whose creation is under way.
 * @property {string} empty
 * @property {string} emptyHint
 * @property {(filter: string) => string} nothing
 * @property {string} loading
 * @property {string} failed
 * @property {string} retry
 * @property {string} connecting
 * @property {string} live
 * @property {string} reconnecting
 * @property {string} offline
 * @property {string} signedOut
 * @property {(seconds: number) => string} retryIn
 * @property {(name: string) => string} arrived For screen readers, when a group comes in. The name is isolated already, should its direction matter.
 * @property {(name: string) => string} gone For screen readers, when one goes.
 */

/** @type {Texts} */
export const ENGLISH = {
  title: "Groups",
  filter: "Filter groups",
  sort: "Sort by",
  newest: "Newest",
  recent: "Last changed",
  name: "Name",
  largest: "Most members",
  members: (count) => `${count.toLocaleString("en")} ${count === 1 ? "member" : "members"}`,
  owner: "Owner",
  admin: "Admin",
  member: "Member",
  fresh: "New",
  pending: "Creating…",
  empty: "No groups yet",
  emptyHint: "Groups that you create or are added to appear here by themselves.",
  nothing: (filter) => `Nothing matches “${filter}”`,
  loading: "Loading groups",
  failed: "The list cannot be loaded",
  retry: "Try again",
  connecting: "Connecting…",
  live: "Live",
  reconnecting: "Reconnecting…",
  offline: "Offline",
  signedOut: "Signed out",
  retryIn: (seconds) => `in ${seconds} s`,
  arrived: (name) => `${name} was added to your groups`,
  gone: (name) => `${name} is no longer among your groups`,
};
