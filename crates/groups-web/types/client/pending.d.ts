/**
 * Groups whose creation is under way: shown at once, and reconciled with the answer and the event, whichever comes first.
 *
 * The list proper knows only events and snapshots. What stands here is laid over it until the list has the group itself.
 *
 * @import { Group, NewMember } from "../../types/wire.js"
 * @import { Fold } from "./fold.js"
 */
/**
 * A group in the list. While its creation is under way it is `pending`, and its `group_id` is a provisional one.
 * @typedef {Group & { pending?: true }} ListedGroup
 */
/**
 * @typedef {object} Entry
 * @property {ListedGroup} row
 * @property {Group} [answer] What the server answered.
 * @property {string} [linked] The group of an event that looks like this one's, until the answer says which it is.
 * @property {boolean} old It was answered before the present connection was opened.
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
    /** The answer is here, before the event or after it. @param {Entry} entry @param {Group} group @param {Fold} fold */
    answered(entry: Entry, group: Group, fold: Fold): void;
    /** It was refused, or given up. @param {Entry} entry */
    drop(entry: Entry): void;
    /** The list has a group of one's own making: which of these is it? @param {Group} group */
    created(group: Group): void;
    /** A connection is being opened: what it does not bring, although it was answered before, is gone already. */
    connecting(): void;
    /** The list was read anew. @param {Fold} fold */
    replaced(fold: Fold): void;
    /** What to lay over the list. @param {Fold} fold @returns {ListedGroup[]} newest first */
    rows(fold: Fold): ListedGroup[];
    #private;
}
/**
 * A group in the list. While its creation is under way it is `pending`, and its `group_id` is a provisional one.
 */
export type ListedGroup = Group & {
    pending?: true;
};
export type Entry = {
    row: ListedGroup;
    /**
     * What the server answered.
     */
    answer?: Group | undefined;
    /**
     * The group of an event that looks like this one's, until the answer says which it is.
     */
    linked?: string | undefined;
    /**
     * It was answered before the present connection was opened.
     */
    old: boolean;
};
import type { NewMember } from "../../types/wire.js";
import type { Group } from "../../types/wire.js";
import type { Fold } from "./fold.js";
