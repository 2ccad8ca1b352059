/** @typedef {{ client: GroupsClient | null, groupId: string, group: Group | undefined, members: MemberList | null, texts: MemberTexts, manage: boolean }} Now */
/**
 * @typedef {object} Host
 * @property {() => Now} now
 * @property {(name: string, detail: object) => boolean} emit Returns whether no listener has prevented the action.
 * @property {() => void} onChange
 */
export class MemberActions {
    /** @param {MemberTree} dom @param {Host} host */
    constructor(dom: MemberTree, host: Host);
    /** Members with a call under way, with the role that was chosen for them. @type {Map<string, { role: Role | undefined }>} */
    busy: Map<string, {
        role: Role | undefined;
    }>;
    /** The element shows another group, or none. */
    forget(): void;
    /** @param {string} id @param {Role} role */
    changeRole(id: string, role: Role): Promise<void>;
    /** @param {string} id */
    remove(id: string): Promise<void>;
    /** Adds the users whose ids were entered. */
    add(): Promise<void>;
    #private;
}
export type Now = {
    client: GroupsClient | null;
    groupId: string;
    group: Group | undefined;
    members: MemberList | null;
    texts: MemberTexts;
    manage: boolean;
};
export type Host = {
    now: () => Now;
    /**
     * Returns whether no listener has prevented the action.
     */
    emit: (name: string, detail: object) => boolean;
    onChange: () => void;
};
import type { Role } from "../../types/wire.js";
import type { MemberTree } from "./tree.js";
import type { GroupsClient } from "../client/client.js";
import type { Group } from "../../types/wire.js";
import type { MemberList } from "./list.js";
import type { MemberTexts } from "./texts.js";
