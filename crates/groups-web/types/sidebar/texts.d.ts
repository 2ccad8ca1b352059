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
export const ENGLISH: Texts;
export type Texts = {
    title: string;
    filter: string;
    sort: string;
    newest: string;
    recent: string;
    name: string;
    largest: string;
    members: (count: number) => string;
    owner: string;
    admin: string;
    member: string;
    /**
     * Badge of a group that the user was just added to.
     */
    fresh: string;
    /**
     * Badge of a group that is being created.
     */
    pending: string;
    empty: string;
    emptyHint: string;
    nothing: (filter: string) => string;
    loading: string;
    failed: string;
    retry: string;
    connecting: string;
    live: string;
    reconnecting: string;
    offline: string;
    signedOut: string;
    retryIn: (seconds: number) => string;
    /**
     * Title of the invitations.
     */
    invitations: string;
    /**
     * Title of the groups that the user has asked to join.
     */
    requested: string;
    accept: string;
    decline: string;
    withdraw: string;
    /**
     * The name is bidi-isolated.
     */
    invitedBy: (name: string) => string;
    /**
     * What the user becomes with an invitation.
     */
    asAdmin: string;
    expiresIn: (count: number, unit: "day" | "hour" | "minute") => string;
    /**
     * How many more invitations or requests there are than are shown.
     */
    more: (count: number) => string;
    /**
     * For screen readers, when the user is invited to a group.
     */
    invited: (name: string, by?: string) => string;
    /**
     * For screen readers, when an invitation has ended and the user has not joined.
     */
    uninvited: (name: string) => string;
    /**
     * For screen readers, when a request to join has ended and the user has not joined.
     */
    refused: (name: string) => string;
    /**
     * For screen readers, when a group is added to the list. `by` is the name of who
     * added the user, if it is known. Both are already bidi-isolated.
     */
    arrived: (name: string, by?: string) => string;
    /**
     * For screen readers, when a group is removed from the list. `by` is the name of who
     * removed the user or deleted the group, if it is somebody else.
     */
    gone: (name: string, by?: string) => string;
};
