/**
 * The members of one group: loaded page by page, then kept up to date by the group's events.
 *
 * @import { GroupsClient } from "../client/client.js"
 * @import { GroupUpdated, Member, RoleChanged } from "../../types/wire.js"
 */
/** Members per page. */
export const PAGE_MEMBERS: 100;
export class MemberList {
    /**
     * @param {object} parts
     * @param {GroupsClient} parts.client
     * @param {string} parts.groupId
     * @param {() => void} parts.onChange
     * @param {KnownNames} [parts.names] Names from elsewhere, for members who have just joined.
     */
    constructor({ client, groupId, onChange, names }: {
        client: GroupsClient;
        groupId: string;
        onChange: () => void;
        names?: KnownNames | undefined;
    });
    loaded: boolean;
    /** @type {unknown} */
    error: unknown;
    close(): void;
    get list(): Member[];
    /** Whether a page is being loaded. */
    get loading(): boolean;
    /** @param {string} userId */
    get(userId: string): Member | undefined;
    /** Whether more pages can be loaded. */
    get more(): boolean;
    /** Loads the members again, as far as they were loaded before. */
    load(): Promise<void>;
    next(): Promise<void>;
    #private;
}
export type MemberEvent = GroupUpdated | RoleChanged;
export type KnownNames = {
    learn: (members: Member[]) => void;
    find: (userId: string) => string | undefined;
};
import type { Member } from "../../types/wire.js";
import type { GroupsClient } from "../client/client.js";
import type { GroupUpdated } from "../../types/wire.js";
import type { RoleChanged } from "../../types/wire.js";
