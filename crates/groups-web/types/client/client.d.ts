/**
 * What can be listened to: every frame of the contract by its `type`, and
 * `state` (the connection), `change` (the list), `frame` (everything that goes over the wire, for inspectors).
 * An event of a group is told only where it is news, in order, once.
 * @typedef {object} ClientEvents
 * @property {Status} state
 * @property {{ groups: readonly ListedGroup[] }} change
 * @property {{ direction: "in" | "out", frame: ServerFrame | ClientFrame }} frame
 * @property {Welcome} welcome
 * @property {Snapshot} snapshot
 * @property {Ready} ready
 * @property {GroupCreated} group_created
 * @property {AddedToGroup} added_to_group
 * @property {GroupUpdated} group_updated
 * @property {RoleChanged} role_changed
 * @property {RemovedFromGroup} removed_from_group
 * @property {GroupDeleted} group_deleted
 * @property {Typing} typing
 * @property {ErrorFrame} error
 */
/** @extends {Emitter<ClientEvents>} */
export class GroupsClient extends Emitter<ClientEvents> {
    /** Throws a `TypeError` that says what is wrong with the options. @param {ClientOptions} options */
    constructor(options: ClientOptions);
    /** Every HTTP path as a call. @readonly @type {Api} */
    readonly api: Api;
    /** The groups: those being created first, then the newest first. The same array until the list changes. @returns {readonly ListedGroup[]} */
    get groups(): readonly ListedGroup[];
    /** One of them. @param {string} groupId @returns {ListedGroup | undefined} */
    group(groupId: string): ListedGroup | undefined;
    /** How the connection is. @returns {State} */
    get state(): State;
    /** The same with its reason, and when the next try is due. @returns {Readonly<Status>} */
    get status(): Readonly<Status>;
    /** Whether a list was ever received: before that, an empty one means nothing. */
    get loaded(): boolean;
    /** Whether {@link connect} was ever called. */
    get begun(): boolean;
    /** Whose list it is; empty before the first connection. */
    get userId(): string;
    /** Whether this tab has the socket. */
    get leading(): boolean;
    /** Connects, and stays connected until {@link close}. Does nothing where that is the case already. */
    connect(): void;
    /** Ends the connection. The list stays as it was last, and a later {@link connect} goes on from there; with another person's token it begins anew. */
    close(): void;
    /**
     * Creates a group. It is in the list at once, as `pending`; the promise tells what became of it.
     * @param {{ name: string, description?: string, members?: NewMember[] }} draft
     * @param {CallOptions} [options]
     * @returns {Promise<Group>}
     */
    createGroup(draft: {
        name: string;
        description?: string;
        members?: NewMember[];
    }, options?: CallOptions): Promise<Group>;
    /** Tells the others in the group that this user types, or no longer does. Call it at each key; it is sent now and then. @param {string} groupId @param {boolean} typing */
    setTyping(groupId: string, typing: boolean): void;
    /** Who types in a group at present. @param {string} groupId @returns {string[]} user ids */
    typists(groupId: string): string[];
    /** Tries to connect now rather than after the wait, except where the server itself has named the time. */
    retry(): void;
    /** Cuts the connection, to see it come back after so many milliseconds. For trying things out. @param {number} [ms] */
    cut(ms?: number): void;
    #private;
}
/**
 * What can be listened to: every frame of the contract by its `type`, and
 * `state` (the connection), `change` (the list), `frame` (everything that goes over the wire, for inspectors).
 * An event of a group is told only where it is news, in order, once.
 */
export type ClientEvents = {
    state: Status;
    change: {
        groups: readonly ListedGroup[];
    };
    frame: {
        direction: "in" | "out";
        frame: ServerFrame | ClientFrame;
    };
    welcome: Welcome;
    snapshot: Snapshot;
    ready: Ready;
    group_created: GroupCreated;
    added_to_group: AddedToGroup;
    group_updated: GroupUpdated;
    role_changed: RoleChanged;
    removed_from_group: RemovedFromGroup;
    group_deleted: GroupDeleted;
    typing: Typing;
    error: ErrorFrame;
};
import { Emitter } from "./emitter.js";
import { Api } from "./http.js";
import type { ListedGroup } from "./pending.js";
import type { State } from "./link.js";
import type { Status } from "./link.js";
import type { NewMember } from "../../types/wire.js";
import type { CallOptions } from "./http.js";
import type { Group } from "../../types/wire.js";
import type { ClientOptions } from "./options.js";
import type { ServerFrame } from "../../types/wire.js";
import type { ClientFrame } from "../../types/wire.js";
import type { Welcome } from "../../types/wire.js";
import type { Snapshot } from "../../types/wire.js";
import type { Ready } from "../../types/wire.js";
import type { GroupCreated } from "../../types/wire.js";
import type { AddedToGroup } from "../../types/wire.js";
import type { GroupUpdated } from "../../types/wire.js";
import type { RoleChanged } from "../../types/wire.js";
import type { RemovedFromGroup } from "../../types/wire.js";
import type { GroupDeleted } from "../../types/wire.js";
import type { Typing } from "../../types/wire.js";
import type { ErrorFrame } from "../../types/wire.js";
