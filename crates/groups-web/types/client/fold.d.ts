/**
 * Folds events into one user's list of groups, by the rule `version == known + 1`. The same rules as `Sidebar` in Rust.
 *
 * @import { Group, GroupBody, GroupEvent, Role } from "../../types/wire.js"
 */
/** How many left groups are remembered, so that an older event does not bring one back. The oldest are forgotten first. */
export const LEFT_MAX: 1000;
/**
 * The outcome of an event: `applied` if it was the next one, `stale` if it was already known (a resume may repeat it), `gap` if
 * one is missing before it and the list must be read again.
 * @typedef {"applied" | "stale" | "gap"} Folded
 */
/** @typedef {{ rows: Group[], left: [string, number][] }} FoldState */
export class Fold {
    /** The groups, in no particular order. @returns {IterableIterator<Group>} */
    rows(): IterableIterator<Group>;
    get size(): number;
    /** @param {string} groupId */
    get(groupId: string): Group | undefined;
    /** Whether this version of the group, or a later one, is already reflected: the group is listed, or was left. @param {string} groupId @param {number} version */
    knows(groupId: string, version: number): boolean;
    /** Replaces the list with a snapshot. @param {Iterable<Group>} groups */
    replace(groups: Iterable<Group>): void;
    /**
     * Applies one event.
     * @param {GroupEvent} event
     * @returns {Folded}
     */
    apply(event: GroupEvent): Folded;
    /** The complete state, for another tab. @returns {FoldState} */
    export(): FoldState;
    /** Merges the state of another tab; the newer version of each group wins. @param {FoldState} state */
    merge(state: FoldState): void;
    #private;
}
/**
 * The outcome of an event: `applied` if it was the next one, `stale` if it was already known (a resume may repeat it), `gap` if
 * one is missing before it and the list must be read again.
 */
export type Folded = "applied" | "stale" | "gap";
export type FoldState = {
    rows: Group[];
    left: [string, number][];
};
import type { Group } from "../../types/wire.js";
import type { GroupEvent } from "../../types/wire.js";
