/**
 * What a role may do. The same rules as on the server, so that a page can hide actions that would be refused.
 *
 * @import { Role } from "../../types/wire.js"
 */

/** @type {Record<Role, number>} */
const RANK = { member: 0, admin: 1, owner: 2 };

/** Adding members requires `admin`. @param {Role} role */
export const canAdd = (role) => RANK[role] >= RANK.admin;

/** Changing name and description requires `admin`. @param {Role} role */
export const canChangeSettings = (role) => RANK[role] >= RANK.admin;

/** Reading the history requires `admin`. @param {Role} role */
export const canReadHistory = (role) => RANK[role] >= RANK.admin;

/** Only the owner can delete the group. @param {Role} role */
export const canDelete = (role) => role === "owner";

/** Only the owner can transfer ownership. @param {Role} role */
export const canTransfer = (role) => role === "owner";

/** Only members with a role below one's own can be removed. @param {Role} role @param {Role} target */
export const canRemove = (role, target) => RANK[role] >= RANK.admin && RANK[target] < RANK[role];

/** Only roles below one's own can be given. @param {Role} role @returns {Role[]} lowest first */
export const rolesToGive = (role) => /** @type {Role[]} */ (["member", "admin"]).filter((given) => canAdd(role) && RANK[given] < RANK[role]);

/** A role can be changed if the target's role is below one's own and there is another role to give. @param {Role} role @param {Role} target */
export const canChangeRole = (role, target) => canRemove(role, target) && rolesToGive(role).some((given) => given !== target);

/** Any member can leave. The owner needs a successor, so the last member has to delete the group instead. @param {Role} role @param {number} memberCount */
export const canLeave = (role, memberCount) => role !== "owner" || memberCount > 1;
