/** How many left groups are remembered, so that an older event does not bring one back. The oldest are forgotten first. */
export const LEFT_MAX: 1000;
export class Fold {
    /** The groups, in no particular order. @returns {IterableIterator<Group>} */
    rows(): IterableIterator<Group>;
    get size(): number;
    /** The invitations and requests to join. Only read them. */
    get waiting(): Waiting;
    /** @param {string} groupId */
    get(groupId: string): Group | undefined;
    /** Whether this version of the group, or a later one, is already reflected: the group is listed, or was left. @param {string} groupId @param {number} version */
    knows(groupId: string, version: number): boolean;
    /** Replaces everything with a snapshot. @param {Iterable<Group>} groups @param {readonly WaitingEntry[]} [waiting] */
    replace(groups: Iterable<Group>, waiting?: readonly WaitingEntry[]): void;
    /**
     * Applies one event.
     * @param {GroupEvent} event
     * @returns {Folded}
     */
    apply(event: GroupEvent): Folded;
    /** The complete state, for another tab. @returns {FoldState} */
    export(): FoldState;
    /** Merges the state of another tab; the newer version of each group wins. @param {FoldState} state */
    merge({ rows, left, waiting }: FoldState): void;
    #private;
}
/**
 * The outcome of an event: `applied` if it was the next one, `stale` if it was already known (a resume may repeat it), `gap` if
 * one is missing before it and the list must be read again.
 */
export type Folded = "applied" | "stale" | "gap";
/**
 * Tabs of an earlier release have no `waiting`.
 */
export type FoldState = {
    rows: Group[];
    left: [string, number][];
    waiting?: WaitingEntry[];
};
import type { Group } from "../../types/wire.js";
import { Waiting } from "./waiting.js";
import type { WaitingEntry } from "./waiting.js";
import type { GroupEvent } from "../../types/wire.js";
