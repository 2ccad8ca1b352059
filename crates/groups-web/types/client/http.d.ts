/** The maximum number of attempts for one call, and the timeout of each, in milliseconds. */
export const TRIES_MAX: 3;
export const ANSWER_MS_MAX: 15000;
/** The longest `Retry-After` that a call waits for, in milliseconds; beyond that the error goes to the caller. */
export const PATIENCE_MS_MAX: 5000;
/** How long to wait, in milliseconds, before a new token that was refused is tried again: the clock of its issuer may be ahead. */
export const REFUSED_PAUSE_MS: 2000;
/**
 * @typedef {object} CallOptions
 * @property {AbortSignal} [signal]
 * @property {string} [idempotencyKey] Default: a new key for each call.
 * @property {number} [ifVersion] Executes the change only if the group is at this version; fails with `version_mismatch` otherwise.
 */
/** @typedef {{ limit?: number, after?: string }} Page The maximum number of entries, and `next` of the previous page. */
/** @typedef {{ query?: Record<string, string | number | undefined>, body?: unknown, repeat?: boolean }} Request */
export class Api {
    /** @param {{ env: Env, tokens: Tokens, base: string }} parts `base` ends with a slash; `v1/…` is below it */
    constructor({ env, tokens, base }: {
        env: Env;
        tokens: Tokens;
        base: string;
    });
    /** The calling user. @param {CallOptions} [options] @returns {Promise<Me>} */
    me(options?: CallOptions): Promise<Me>;
    /** Creates a group; the caller becomes its owner. @param {{ name: string, description?: string, members?: NewMember[] }} group @param {CallOptions} [options] @returns {Promise<Group>} */
    createGroup(group: {
        name: string;
        description?: string;
        members?: NewMember[];
    }, options?: CallOptions): Promise<Group>;
    /** One page of the caller's groups, newest first. @param {Page} [page] @param {CallOptions} [options] @returns {Promise<GroupPage>} */
    listGroups(page?: Page, options?: CallOptions): Promise<GroupPage>;
    /** @param {string} groupId @param {CallOptions} [options] @returns {Promise<Group>} */
    getGroup(groupId: string, options?: CallOptions): Promise<Group>;
    /** @param {string} groupId @param {{ name?: string, description?: string, join_policy?: JoinPolicy }} settings @param {CallOptions} [options] @returns {Promise<Group>} */
    updateGroup(groupId: string, settings: {
        name?: string;
        description?: string;
        join_policy?: JoinPolicy;
    }, options?: CallOptions): Promise<Group>;
    /** Deletes the group for all members. @param {string} groupId @param {CallOptions} [options] @returns {Promise<void>} */
    deleteGroup(groupId: string, options?: CallOptions): Promise<void>;
    /** One page of the members, in order of joining. @param {string} groupId @param {Page} [page] @param {CallOptions} [options] @returns {Promise<MemberPage>} */
    listMembers(groupId: string, page?: Page, options?: CallOptions): Promise<MemberPage>;
    /** Every member, page by page. @param {string} groupId @param {CallOptions & { limit?: number }} [options] @returns {AsyncGenerator<Member>} */
    members(groupId: string, { limit, ...options }?: CallOptions & {
        limit?: number;
    }): AsyncGenerator<Member>;
    /** Adds one user; fails with `already_member` if they are a member. @param {string} groupId @param {string} userId @param {Role} [role] @param {CallOptions} [options] @returns {Promise<Added>} */
    addMember(groupId: string, userId: string, role?: Role, options?: CallOptions): Promise<Added>;
    /** Adds up to 1,000 users in one change; those who are already members are skipped. @param {string} groupId @param {NewMember[]} members @param {CallOptions} [options] @returns {Promise<Added>} */
    addMembers(groupId: string, members: NewMember[], options?: CallOptions): Promise<Added>;
    /** Changes a role. `owner` transfers ownership and makes the previous owner an admin. @param {string} groupId @param {string} userId @param {Role} role @param {CallOptions} [options] @returns {Promise<Member>} */
    changeRole(groupId: string, userId: string, role: Role, options?: CallOptions): Promise<Member>;
    /** @param {string} groupId @param {string} userId @param {CallOptions} [options] @returns {Promise<void>} */
    removeMember(groupId: string, userId: string, options?: CallOptions): Promise<void>;
    /** Leaves the group. The owner must name a successor. @param {string} groupId @param {{ successor?: string }} [how] @param {CallOptions} [options] @returns {Promise<void>} */
    leaveGroup(groupId: string, { successor }?: {
        successor?: string;
    }, options?: CallOptions): Promise<void>;
    /** The history of the group, oldest first. Requires `admin`. @param {string} groupId @param {{ after?: number | string, limit?: number }} [page] @param {CallOptions} [options] @returns {Promise<ChangePage>} */
    changes(groupId: string, page?: {
        after?: number | string;
        limit?: number;
    }, options?: CallOptions): Promise<ChangePage>;
    /** @param {string} groupId @param {boolean} typing @param {CallOptions} [options] @returns {Promise<void>} */
    typing(groupId: string, typing: boolean, options?: CallOptions): Promise<void>;
    /** One page of the people who are invited to the group, oldest first. Requires `admin`. @param {string} groupId @param {Page} [page] @param {CallOptions} [options] @returns {Promise<GroupInvitationPage>} */
    listInvitations(groupId: string, page?: Page, options?: CallOptions): Promise<GroupInvitationPage>;
    /**
     * Invites a user. A second invitation leaves the first one unchanged. Somebody who has asked to join becomes a member instead.
     * @param {string} groupId
     * @param {string} userId
     * @param {{ role?: Role, expires_in_seconds?: number }} [how]
     * @param {CallOptions} [options]
     * @returns {Promise<GroupInvitation | { group: Group, member: Member }>}
     */
    invite(groupId: string, userId: string, how?: {
        role?: Role;
        expires_in_seconds?: number;
    }, options?: CallOptions): Promise<GroupInvitation | {
        group: Group;
        member: Member;
    }>;
    /** @param {string} groupId @param {string} userId @param {CallOptions} [options] @returns {Promise<void>} */
    withdrawInvitation(groupId: string, userId: string, options?: CallOptions): Promise<void>;
    /** One page of the caller's invitations, newest group first. `client.invitations` has all of them. @param {Page} [page] @param {CallOptions} [options] @returns {Promise<InvitationPage>} */
    listOwnInvitations(page?: Page, options?: CallOptions): Promise<InvitationPage>;
    /** Joins the group. @param {string} groupId @param {CallOptions} [options] @returns {Promise<Group>} */
    acceptInvitation(groupId: string, options?: CallOptions): Promise<Group>;
    /** @param {string} groupId @param {CallOptions} [options] @returns {Promise<void>} */
    declineInvitation(groupId: string, options?: CallOptions): Promise<void>;
    /** One page of the caller's requests to join, newest group first. `client.joinRequests` has all of them. @param {Page} [page] @param {CallOptions} [options] @returns {Promise<JoinRequestPage>} */
    listOwnJoinRequests(page?: Page, options?: CallOptions): Promise<JoinRequestPage>;
    /** Joins an open group, or asks the admins of a group that takes requests. @param {string} groupId @param {{ message?: string }} [what] @param {CallOptions} [options] @returns {Promise<Group | Requested>} */
    join(groupId: string, what?: {
        message?: string;
    }, options?: CallOptions): Promise<Group | Requested>;
    /** @param {string} groupId @param {CallOptions} [options] @returns {Promise<void>} */
    withdrawJoinRequest(groupId: string, options?: CallOptions): Promise<void>;
    /** One page of the people who have asked to join, oldest first. Requires `admin`. @param {string} groupId @param {Page} [page] @param {CallOptions} [options] @returns {Promise<GroupJoinRequestPage>} */
    listJoinRequests(groupId: string, page?: Page, options?: CallOptions): Promise<GroupJoinRequestPage>;
    /** @param {string} groupId @param {string} userId @param {{ role?: Role }} [how] @param {CallOptions} [options] @returns {Promise<Member>} */
    approveJoinRequest(groupId: string, userId: string, how?: {
        role?: Role;
    }, options?: CallOptions): Promise<Member>;
    /** @param {string} groupId @param {string} userId @param {CallOptions} [options] @returns {Promise<void>} */
    declineJoinRequest(groupId: string, userId: string, options?: CallOptions): Promise<void>;
    /** One page of the bans. Requires `admin`. @param {string} groupId @param {Page} [page] @param {CallOptions} [options] @returns {Promise<BanPage>} */
    listBans(groupId: string, page?: Page, options?: CallOptions): Promise<BanPage>;
    /** Bans a user. A member is removed; an invitation or a request to join ends. An existing ban stays unchanged. @param {string} groupId @param {string} userId @param {{ reason?: string }} [why] @param {CallOptions} [options] @returns {Promise<Ban>} */
    ban(groupId: string, userId: string, why?: {
        reason?: string;
    }, options?: CallOptions): Promise<Ban>;
    /** @param {string} groupId @param {string} userId @param {CallOptions} [options] @returns {Promise<void>} */
    unban(groupId: string, userId: string, options?: CallOptions): Promise<void>;
    /** One page of the group's links, oldest first, including expired ones and those that are used up. Requires `admin`. @param {string} groupId @param {Page} [page] @param {CallOptions} [options] @returns {Promise<LinkPage>} */
    listLinks(groupId: string, page?: Page, options?: CallOptions): Promise<LinkPage>;
    /**
     * Creates a link with which people join. Only this answer contains its token.
     * @param {string} groupId
     * @param {{ role?: Role, expires_in_seconds?: number, uses_max?: number, approval?: boolean }} [how] `approval`: people who use it ask to join.
     * @param {CallOptions} [options]
     * @returns {Promise<CreatedLink>}
     */
    createLink(groupId: string, how?: {
        role?: Role;
        expires_in_seconds?: number;
        uses_max?: number;
        approval?: boolean;
    }, options?: CallOptions): Promise<CreatedLink>;
    /** @param {string} groupId @param {string} linkId @param {CallOptions} [options] @returns {Promise<void>} */
    revokeLink(groupId: string, linkId: string, options?: CallOptions): Promise<void>;
    /** Revokes all links of the group. @param {string} groupId @param {CallOptions} [options] @returns {Promise<void>} */
    revokeLinks(groupId: string, options?: CallOptions): Promise<void>;
    /** The group that a link leads to. @param {string} token @param {CallOptions} [options] @returns {Promise<LinkPreview>} */
    linkPreview(token: string, options?: CallOptions): Promise<LinkPreview>;
    /** Joins with a link, or asks to join if the link requires approval. @param {string} token @param {{ message?: string }} [what] @param {CallOptions} [options] @returns {Promise<Group | Requested>} */
    useLink(token: string, what?: {
        message?: string;
    }, options?: CallOptions): Promise<Group | Requested>;
    /** One page of the groups that outsiders can see, ordered by name. Fails with `not_found` if the server has no directory. @param {Page & { query?: string }} [page] @param {CallOptions} [options] @returns {Promise<DirectoryPage>} */
    searchDirectory(page?: Page & {
        query?: string;
    }, options?: CallOptions): Promise<DirectoryPage>;
    /**
     * Sends a request to a path that may have no method here, with retries. All attempts share one idempotency key, so a change whose answer is lost is executed once.
     * @param {string} method
     * @param {string} where
     * @param {Request} [request]
     * @param {CallOptions} [options]
     * @returns {Promise<any>}
     */
    request(method: string, where: string, { query, body, repeat }?: Request, { signal, idempotencyKey, ifVersion }?: CallOptions): Promise<any>;
    #private;
}
export type CallOptions = {
    signal?: AbortSignal | undefined;
    /**
     * Default: a new key for each call.
     */
    idempotencyKey?: string | undefined;
    /**
     * Executes the change only if the group is at this version; fails with `version_mismatch` otherwise.
     */
    ifVersion?: number | undefined;
};
/**
 * The maximum number of entries, and `next` of the previous page.
 */
export type Page = {
    limit?: number;
    after?: string;
};
export type Request = {
    query?: Record<string, string | number | undefined>;
    body?: unknown;
    repeat?: boolean;
};
import type { Me } from "../../types/wire.js";
import type { NewMember } from "../../types/wire.js";
import type { Group } from "../../types/wire.js";
import type { GroupPage } from "../../types/wire.js";
import type { JoinPolicy } from "../../types/wire.js";
import type { MemberPage } from "../../types/wire.js";
import type { Member } from "../../types/wire.js";
import type { Role } from "../../types/wire.js";
import type { Added } from "../../types/wire.js";
import type { ChangePage } from "../../types/wire.js";
import type { GroupInvitationPage } from "../../types/wire.js";
import type { GroupInvitation } from "../../types/wire.js";
import type { InvitationPage } from "../../types/wire.js";
import type { JoinRequestPage } from "../../types/wire.js";
import type { Requested } from "../../types/wire.js";
import type { GroupJoinRequestPage } from "../../types/wire.js";
import type { BanPage } from "../../types/wire.js";
import type { Ban } from "../../types/wire.js";
import type { LinkPage } from "../../types/wire.js";
import type { CreatedLink } from "../../types/wire.js";
import type { LinkPreview } from "../../types/wire.js";
import type { DirectoryPage } from "../../types/wire.js";
import type { Env } from "./env.js";
import type { Tokens } from "./tokens.js";
