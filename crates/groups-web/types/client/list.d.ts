/** @typedef {{ fold: FoldState, cursor: string | undefined, loaded: boolean, catchingUp: boolean, pieces: Group[] }} ListState For another tab. */
export class GroupList {
    /** @param {() => void} onChange */
    constructor(onChange: () => void);
    /** Those being created first, then the newest first. The same array until the list changes. @returns {readonly ListedGroup[]} */
    get groups(): readonly ListedGroup[];
    /** Up to where the list is known. */
    get cursor(): string | undefined;
    /** Whether a list was ever received: before that, an empty one means nothing. */
    get loaded(): boolean;
    /** @param {string} groupId @returns {ListedGroup | undefined} */
    group(groupId: string): ListedGroup | undefined;
    /** Whether the server has told of this group. @param {string} groupId */
    knows(groupId: string): boolean;
    /**
     * Lists a group at once that is being created, and keeps it in line with what becomes of it.
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
    /** One is being opened. */
    opening(): void;
    /** It is open. */
    welcome(): void;
    /** @param {Snapshot} piece @returns {boolean} whether the list was replaced: this was the last piece */
    snapshot(piece: Snapshot): boolean;
    /** The list is right from here on. @param {string} cursor */
    ready(cursor: string): void;
    /** After a gap there is no cursor: the list has to be read again. @param {GroupEvent} event @returns {Folded} */
    event(event: GroupEvent): Folded;
    /** @returns {ListState} */
    export(): ListState;
    /** Takes over what the tab with the connection knows. @param {ListState} state */
    import(state: ListState): void;
    /** The next list is another person's. */
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
import type { FoldState } from "./fold.js";
