/**
 * One user's list of groups, kept right by folding events: the rule `version == known + 1`. The same rules as `Sidebar` in Rust.
 *
 * @import { Group, GroupBody, GroupEvent, Role } from "../../types/wire.js"
 */
/** How many groups that were left are remembered, so that an older event does not bring one back. The oldest are forgotten first. */
export const LEFT_MAX: 1000;
/**
 * What became of an event: it was the next one, it was known already (a resume may repeat it), or one is missing before it and the
 * list has to be read anew.
 * @typedef {"applied" | "stale" | "gap"} Folded
 */
/** @typedef {{ rows: Group[], left: [string, number][] }} FoldState */
export class Fold {
    /** The groups, in no particular order. @returns {IterableIterator<Group>} */
    rows(): IterableIterator<Group>;
    get size(): number;
    /** @param {string} groupId */
    get(groupId: string): Group | undefined;
    /** Whether this version of the group, or a later one, is behind us: it is listed, or was left. @param {string} groupId @param {number} version */
    knows(groupId: string, version: number): boolean;
    /** Takes the list as it was read at one time. @param {Iterable<Group>} groups */
    replace(groups: Iterable<Group>): void;
    /**
     * Takes in one event.
     * @param {GroupEvent} event
     * @returns {Folded}
     */
    apply(event: GroupEvent): Folded;
    /** Everything, for another tab. @returns {FoldState} */
    export(): FoldState;
    /** Takes over what another tab knows, and keeps what is newer here. @param {FoldState} state */
    merge(state: FoldState): void;
    #private;
}
/**
 * What became of an event: it was the next one, it was known already (a resume may repeat it), or one is missing before it and the
 * list has to be read anew.
 */
export type Folded = "applied" | "stale" | "gap";
export type FoldState = {
    rows: Group[];
    left: [string, number][];
};
import type { Group } from "../../types/wire.js";
import type { GroupEvent } from "../../types/wire.js";
