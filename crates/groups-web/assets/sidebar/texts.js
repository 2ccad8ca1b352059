/** The texts of the sidebar; replaceable for other languages. */

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
 * @property {string} fresh Badge of a group that the user was just added to.
 * @property {string} pending Badge of a group that is being created.
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
 * @property {string} invitations Title of the invitations.
 * @property {string} requested Title of the groups that the user has asked to join.
 * @property {string} accept
 * @property {string} decline
 * @property {string} withdraw
 * @property {(name: string) => string} invitedBy The name is bidi-isolated.
 * @property {string} asAdmin What the user becomes with an invitation.
 * @property {(count: number, unit: "day" | "hour" | "minute") => string} expiresIn
 * @property {(count: number) => string} more How many more invitations or requests there are than are shown.
 * @property {(name: string, by?: string) => string} invited For screen readers, when the user is invited to a group.
 * @property {(name: string) => string} uninvited For screen readers, when an invitation has ended and the user has not joined.
 * @property {(name: string) => string} refused For screen readers, when a request to join has ended and the user has not joined.
 * @property {(name: string, by?: string) => string} arrived For screen readers, when a group is added to the list. `by` is the name of who
 *   added the user, if it is known. Both are already bidi-isolated.
 * @property {(name: string, by?: string) => string} gone For screen readers, when a group is removed from the list. `by` is the name of who
 *   removed the user or deleted the group, if it is somebody else.
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
  emptyHint: "Groups that you create or are added to appear here automatically.",
  nothing: (filter) => `No groups match “${filter}”`,
  loading: "Loading groups",
  failed: "Could not load your groups",
  retry: "Try again",
  connecting: "Connecting…",
  live: "Live",
  reconnecting: "Reconnecting…",
  offline: "Offline",
  signedOut: "Signed out",
  retryIn: (seconds) => `in ${seconds} s`,
  invitations: "Invitations",
  requested: "Requested",
  accept: "Accept",
  decline: "Decline",
  withdraw: "Withdraw",
  invitedBy: (name) => `${name} invited you`,
  asAdmin: "as admin",
  expiresIn: (count, unit) => `expires in ${count} ${unit}${count === 1 ? "" : "s"}`,
  more: (count) => `and ${count.toLocaleString("en")} more`,
  invited: (name, by) => (by ? `${by} invited you to ${name}` : `You are invited to ${name}`),
  uninvited: (name) => `The invitation to ${name} has ended`,
  refused: (name) => `The request to join ${name} has ended`,
  arrived: (name, by) => (by ? `${by} added you to ${name}` : `${name} was added to your groups`),
  gone: (name, by) => `${name} was removed from your groups${by ? ` by ${by}` : ""}`,
};
