/**
 * One user's invitations and requests to join: at most one for each group.
 *
 * @import { Invitation, JoinRequest } from "../../types/wire.js"
 */
/**
 * An invitation of this user. `invited_by_name` is known if the event was received, which names the user.
 * @typedef {Invitation & { invited_by_name?: string }} ListedInvitation
 */
/** @typedef {ListedInvitation | JoinRequest} WaitingEntry */
/**
 * What there is to show, newest group first, until a time in milliseconds since 1970.
 * @typedef {{ invitations: readonly ListedInvitation[], joinRequests: readonly JoinRequest[], until: number }} Shown
 */
export class Waiting {
    /** @returns {IterableIterator<WaitingEntry>} */
    entries(): IterableIterator<WaitingEntry>;
    /** @param {string} groupId */
    get(groupId: string): WaitingEntry | undefined;
    /** @param {WaitingEntry} entry */
    set(entry: WaitingEntry): void;
    /** @param {string} groupId */
    delete(groupId: string): void;
    /** Replaces all entries. @param {Iterable<WaitingEntry>} entries */
    replace(entries: Iterable<WaitingEntry>): void;
    /** What there is to show at this time: an expired invitation is hidden. Returns the same arrays until they change. @param {number} nowMs */
    at(nowMs: number): Shown;
    #private;
}
/**
 * An invitation of this user. `invited_by_name` is known if the event was received, which names the user.
 */
export type ListedInvitation = Invitation & {
    invited_by_name?: string;
};
export type WaitingEntry = ListedInvitation | JoinRequest;
/**
 * What there is to show, newest group first, until a time in milliseconds since 1970.
 */
export type Shown = {
    invitations: readonly ListedInvitation[];
    joinRequests: readonly JoinRequest[];
    until: number;
};
import type { Invitation } from "../../types/wire.js";
import type { JoinRequest } from "../../types/wire.js";
