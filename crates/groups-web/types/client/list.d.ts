/** @typedef {{ fold: FoldState, cursor: string | undefined, loaded: boolean, catchingUp: boolean, pieces: Group[] }} ListState For another tab. */
export class GroupList {
    /** @param {Env} env @param {() => void} onChange */
    constructor(env: Env, onChange: () => void);
    /** Pending groups first, then newest first. Returns the same array until the list changes. @returns {readonly ListedGroup[]} */
    get groups(): readonly ListedGroup[];
    /** Invitations that have not expired, and requests to join, newest group first. Returns the same arrays until they change. */
    get waiting(): import("./waiting.js").Shown;
    /** The position up to which the list is complete. */
    get cursor(): string | undefined;
    /** Whether a list was ever received. */
    get loaded(): boolean;
    /** @param {string} groupId @returns {ListedGroup | undefined} */
    group(groupId: string): ListedGroup | undefined;
    /** Whether the server has sent this group, so that it is not only pending. @param {string} groupId */
    knows(groupId: string): boolean;
    /**
     * Lists a pending group immediately, and replaces or drops it when the request completes.
     * @param {{ name: string, description?: string, members?: NewMember[] }} draft
     * @param {{ key: string, userId: string, at: string }} how
     * @param {() => Promise<Group>} create
     */
    create(draft: {
        name: string;
        description?: string;
        members?: NewMember[];
    }, how: {
        key: string;
        userId: string;
        at: string;
    }, create: () => Promise<Group>): Promise<Group>;
    /** From now on, and if there are any now, expired invitations are reported as a change. */
    watch(): void;
    /** Ends {@link watch}. */
    rest(): void;
    /** A connection is being opened. */
    opening(): void;
    /** The connection is open. */
    welcome(): void;
    /** @param {Snapshot} piece @returns {boolean} whether this was the last piece, so that the list was replaced */
    snapshot(piece: Snapshot): boolean;
    /** The list is up to date from here on. @param {string} cursor */
    ready(cursor: string): void;
    /** Applies an event. After a gap the cursor is dropped, so the list is read again. @param {GroupEvent} event @returns {Folded} */
    event(event: GroupEvent): Folded;
    /** @returns {ListState} */
    export(): ListState;
    /** Takes over the state of the leader. @param {ListState} state */
    import(state: ListState): void;
    /** Drops everything, because the next list belongs to another user. */
    forget(): void;
    #private;
}
/**
 * For another tab.
 */
export type ListState = {
    fold: FoldState;
    cursor: string | undefined;
    loaded: boolean;
    catchingUp: boolean;
    pieces: Group[];
};
import type { ListedGroup } from "./pending.js";
import type { NewMember } from "../../types/wire.js";
import type { Group } from "../../types/wire.js";
import type { Snapshot } from "../../types/wire.js";
import type { GroupEvent } from "../../types/wire.js";
import type { Folded } from "./fold.js";
import type { Env } from "./env.js";
import type { FoldState } from "./fold.js";
