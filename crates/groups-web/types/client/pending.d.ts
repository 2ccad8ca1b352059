/**
 * Groups that are being created: shown immediately, and reconciled with the answer and the event, whichever comes first.
 *
 * The list itself contains only events and snapshots. Pending groups are overlaid until the list contains the real group.
 *
 * @import { Group, NewMember } from "../../types/wire.js"
 * @import { Fold } from "./fold.js"
 */
/**
 * A group in the list. While it is being created, it is `pending` and its `group_id` is provisional.
 * @typedef {Group & { pending?: true }} ListedGroup
 */
/**
 * @typedef {object} Entry
 * @property {ListedGroup} row
 * @property {Group} [answer] The server's answer.
 * @property {string} [linked] The group of an event that matches this entry, until the answer confirms it.
 * @property {boolean} old Whether the answer came before the current connection was opened.
 */
export class Pending {
    get size(): number;
    /**
     * @param {{ name: string, description?: string, members?: NewMember[] }} draft
     * @param {{ key: string, userId: string, at: string }} how
     * @returns {Entry}
     */
    add(draft: {
        name: string;
        description?: string;
        members?: NewMember[];
    }, { key, userId, at }: {
        key: string;
        userId: string;
        at: string;
    }): Entry;
    /** The answer has arrived, before or after the event. @param {Entry} entry @param {Group} group @param {Fold} fold */
    answered(entry: Entry, group: Group, fold: Fold): void;
    /** The request was refused or aborted. @param {Entry} entry */
    drop(entry: Entry): void;
    /** An event brought a group that this user created: match it with an entry. @param {Group} group */
    created(group: Group): void;
    /** A connection is being opened: a group that was answered before and is not in the new list is already gone. */
    connecting(): void;
    /** The list was replaced by a snapshot. @param {Fold} fold */
    replaced(fold: Fold): void;
    /** The rows to overlay on the list. @param {Fold} fold @returns {ListedGroup[]} newest first */
    rows(fold: Fold): ListedGroup[];
    #private;
}
/**
 * A group in the list. While it is being created, it is `pending` and its `group_id` is provisional.
 */
export type ListedGroup = Group & {
    pending?: true;
};
export type Entry = {
    row: ListedGroup;
    /**
     * The server's answer.
     */
    answer?: Group | undefined;
    /**
     * The group of an event that matches this entry, until the answer confirms it.
     */
    linked?: string | undefined;
    /**
     * Whether the answer came before the current connection was opened.
     */
    old: boolean;
};
import type { NewMember } from "../../types/wire.js";
import type { Group } from "../../types/wire.js";
import type { Fold } from "./fold.js";
