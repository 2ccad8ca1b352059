/** How often one call is sent at most, and how long one answer is waited for, in milliseconds. */
export const TRIES_MAX: 3;
export const ANSWER_MS_MAX: 15000;
/** A `Retry-After` beyond this is left to the caller, in milliseconds. */
export const PATIENCE_MS_MAX: 5000;
/** How long to wait, in milliseconds, before a fresh token that is refused is tried once more: the clock of whoever signed it may be ahead. */
export const REFUSED_PAUSE_MS: 2000;
/**
 * @typedef {object} CallOptions
 * @property {AbortSignal} [signal]
 * @property {string} [idempotencyKey] Of one's own choice; else every call has a new one.
 * @property {number} [ifVersion] Carried out only while the group is at this version; else `version_mismatch`.
 */
/** @typedef {{ query?: Record<string, string | number | undefined>, body?: unknown, repeat?: boolean }} Request */
export class Api {
    /** @param {{ env: Env, tokens: Tokens, base: string }} parts `base` ends with a slash; `v1/…` is below it */
    constructor({ env, tokens, base }: {
        env: Env;
        tokens: Tokens;
        base: string;
    });
    /** Who is calling. @param {CallOptions} [options] @returns {Promise<Me>} */
    me(options?: CallOptions): Promise<Me>;
    /** Creates a group; the caller becomes its owner. @param {{ name: string, description?: string, members?: NewMember[] }} group @param {CallOptions} [options] @returns {Promise<Group>} */
    createGroup(group: {
        name: string;
        description?: string;
        members?: NewMember[];
    }, options?: CallOptions): Promise<Group>;
    /** One page of the caller's groups, newest first. @param {{ limit?: number, after?: string }} [page] @param {CallOptions} [options] @returns {Promise<GroupPage>} */
    listGroups(page?: {
        limit?: number;
        after?: string;
    }, options?: CallOptions): Promise<GroupPage>;
    /** @param {string} groupId @param {CallOptions} [options] @returns {Promise<Group>} */
    getGroup(groupId: string, options?: CallOptions): Promise<Group>;
    /** @param {string} groupId @param {{ name?: string, description?: string }} settings @param {CallOptions} [options] @returns {Promise<Group>} */
    updateGroup(groupId: string, settings: {
        name?: string;
        description?: string;
    }, options?: CallOptions): Promise<Group>;
    /** Deletes it for everybody. @param {string} groupId @param {CallOptions} [options] @returns {Promise<void>} */
    deleteGroup(groupId: string, options?: CallOptions): Promise<void>;
    /** One page of the members, in joining order. @param {string} groupId @param {{ limit?: number, after?: string }} [page] @param {CallOptions} [options] @returns {Promise<MemberPage>} */
    listMembers(groupId: string, page?: {
        limit?: number;
        after?: string;
    }, options?: CallOptions): Promise<MemberPage>;
    /** Every member, page by page. @param {string} groupId @param {CallOptions & { limit?: number }} [options] @returns {AsyncGenerator<Member>} */
    members(groupId: string, { limit, ...options }?: CallOptions & {
        limit?: number;
    }): AsyncGenerator<Member>;
    /** Adds one; `already_member` where they are in. @param {string} groupId @param {string} userId @param {Role} [role] @param {CallOptions} [options] @returns {Promise<Added>} */
    addMember(groupId: string, userId: string, role?: Role, options?: CallOptions): Promise<Added>;
    /** Adds up to 1,000 in one change, passing over those who are in. @param {string} groupId @param {NewMember[]} members @param {CallOptions} [options] @returns {Promise<Added>} */
    addMembers(groupId: string, members: NewMember[], options?: CallOptions): Promise<Added>;
    /** `owner` hands over the ownership, and makes the old owner an admin. @param {string} groupId @param {string} userId @param {Role} role @param {CallOptions} [options] @returns {Promise<Member>} */
    changeRole(groupId: string, userId: string, role: Role, options?: CallOptions): Promise<Member>;
    /** @param {string} groupId @param {string} userId @param {CallOptions} [options] @returns {Promise<void>} */
    removeMember(groupId: string, userId: string, options?: CallOptions): Promise<void>;
    /** An owner leaves only with a successor. @param {string} groupId @param {{ successor?: string }} [how] @param {CallOptions} [options] @returns {Promise<void>} */
    leaveGroup(groupId: string, { successor }?: {
        successor?: string;
    }, options?: CallOptions): Promise<void>;
    /** The group's history, oldest first; for admins and the owner. @param {string} groupId @param {{ after?: number | string, limit?: number }} [page] @param {CallOptions} [options] @returns {Promise<ChangePage>} */
    changes(groupId: string, page?: {
        after?: number | string;
        limit?: number;
    }, options?: CallOptions): Promise<ChangePage>;
    /** @param {string} groupId @param {boolean} typing @param {CallOptions} [options] @returns {Promise<void>} */
    typing(groupId: string, typing: boolean, options?: CallOptions): Promise<void>;
    #private;
}
export type CallOptions = {
    signal?: AbortSignal | undefined;
    /**
     * Of one's own choice; else every call has a new one.
     */
    idempotencyKey?: string | undefined;
    /**
     * Carried out only while the group is at this version; else `version_mismatch`.
     */
    ifVersion?: number | undefined;
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
import type { MemberPage } from "../../types/wire.js";
import type { Member } from "../../types/wire.js";
import type { Role } from "../../types/wire.js";
import type { Added } from "../../types/wire.js";
import type { ChangePage } from "../../types/wire.js";
import type { Env } from "./env.js";
import type { Tokens } from "./tokens.js";
