/**
 * The events of the client: every server frame by its `type`, and
 * `state` (the connection has changed), `change` (the groups, invitations or requests to join have changed), `frame` (any frame sent or received, for inspectors).
 * Each event of a group is emitted once and in order; repeats after a resume are dropped.
 * @typedef {object} ClientEvents
 * @property {Status} state
 * @property {{ groups: readonly ListedGroup[], invitations: readonly ListedInvitation[], joinRequests: readonly JoinRequest[] }} change
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
 * @property {InvitedToGroup} invited_to_group
 * @property {InvitationEnded} invitation_ended
 * @property {JoinRequested} join_requested
 * @property {JoinRequestEnded} join_request_ended
 * @property {Typing} typing
 * @property {ErrorFrame} error
 */
/** @extends {Emitter<ClientEvents>} */
export class GroupsClient extends Emitter<ClientEvents> {
    /** Throws a `TypeError` if an option is unknown or invalid. @param {ClientOptions} options */
    constructor(options: ClientOptions);
    /** One method for each HTTP endpoint. @readonly @type {Api} */
    readonly api: Api;
    /** The groups: pending ones first, then newest first. Returns the same array until the list changes. @returns {readonly ListedGroup[]} */
    get groups(): readonly ListedGroup[];
    /** The user's invitations that have not expired, newest group first. Returns the same array until it changes. @returns {readonly ListedInvitation[]} */
    get invitations(): readonly ListedInvitation[];
    /** The user's own requests to join, newest group first. Returns the same array until it changes. @returns {readonly JoinRequest[]} */
    get joinRequests(): readonly JoinRequest[];
    /** The group with this id, if it is in the list. @param {string} groupId @returns {ListedGroup | undefined} */
    group(groupId: string): ListedGroup | undefined;
    /** The state of the connection. @returns {State} */
    get state(): State;
    /** The state with its reason and the time of the next attempt. @returns {Readonly<Status>} */
    get status(): Readonly<Status>;
    /** Whether a list was ever received. Before that, `groups` is empty. */
    get loaded(): boolean;
    /** Whether {@link connect} was ever called. */
    get begun(): boolean;
    /** The user whose groups these are; empty before the first connection. */
    get userId(): string;
    /** Whether this tab holds the connection. */
    get leading(): boolean;
    /** Connects, and stays connected until {@link close}. A no-op if already connected or connecting. */
    connect(): void;
    /** Closes the connection. The list stays as it is, and a later {@link connect} resumes from there; with another user's token it starts over. */
    close(): void;
    /**
     * Creates a group. It is in the list immediately, as `pending`. The promise resolves to the group, or rejects and the pending row disappears.
     * @param {{ name: string, description?: string, members?: NewMember[] }} draft
     * @param {CallOptions} [options]
     * @returns {Promise<Group>}
     */
    createGroup(draft: {
        name: string;
        description?: string;
        members?: NewMember[];
    }, options?: CallOptions): Promise<Group>;
    /** Tells the other members that this user is typing, or has stopped. Call it on every keystroke; messages are throttled. @param {string} groupId @param {boolean} typing */
    setTyping(groupId: string, typing: boolean): void;
    /** The users who are typing in a group. @param {string} groupId @returns {string[]} user ids */
    typists(groupId: string): string[];
    /** Reconnects now instead of waiting, unless the server has asked for a specific wait. */
    retry(): void;
    /** Drops the connection and reconnects after `ms` milliseconds. For testing. @param {number} [ms] */
    cut(ms?: number): void;
    #private;
}
/**
 * The events of the client: every server frame by its `type`, and
 * `state` (the connection has changed), `change` (the groups, invitations or requests to join have changed), `frame` (any frame sent or received, for inspectors).
 * Each event of a group is emitted once and in order; repeats after a resume are dropped.
 */
export type ClientEvents = {
    state: Status;
    change: {
        groups: readonly ListedGroup[];
        invitations: readonly ListedInvitation[];
        joinRequests: readonly JoinRequest[];
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
    invited_to_group: InvitedToGroup;
    invitation_ended: InvitationEnded;
    join_requested: JoinRequested;
    join_request_ended: JoinRequestEnded;
    typing: Typing;
    error: ErrorFrame;
};
import { Emitter } from "./emitter.js";
import { Api } from "./http.js";
import type { ListedGroup } from "./pending.js";
import type { ListedInvitation } from "./waiting.js";
import type { JoinRequest } from "../../types/wire.js";
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
import type { InvitedToGroup } from "../../types/wire.js";
import type { InvitationEnded } from "../../types/wire.js";
import type { JoinRequested } from "../../types/wire.js";
import type { JoinRequestEnded } from "../../types/wire.js";
import type { Typing } from "../../types/wire.js";
import type { ErrorFrame } from "../../types/wire.js";
