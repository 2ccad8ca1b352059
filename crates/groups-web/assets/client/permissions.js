/**
 * What a role may do, as the server decides it: so that nothing is offered that would be refused.
 *
 * @import { Role } from "../../types/wire.js"
 */

/** @type {Record<Role, number>} */
const RANK = { member: 0, admin: 1, owner: 2 };

/** Adding needs `admin`. @param {Role} role */
export const canAdd = (role) => RANK[role] >= RANK.admin;

/** Changing name and description needs `admin`. @param {Role} role */
export const canChangeSettings = (role) => RANK[role] >= RANK.admin;

/** The history is for admins and the owner. @param {Role} role */
export const canReadHistory = (role) => RANK[role] >= RANK.admin;

/** Deleting needs the owner. @param {Role} role */
export const canDelete = (role) => role === "owner";

/** The owner hands over the ownership, and nobody else. @param {Role} role */
export const canTransfer = (role) => role === "owner";

/** One acts only on those strictly below oneself. @param {Role} role @param {Role} target */
export const canRemove = (role, target) => RANK[role] >= RANK.admin && RANK[target] < RANK[role];

/** One gives only roles strictly below one's own. @param {Role} role @returns {Role[]} lowest first */
export const rolesToGive = (role) => /** @type {Role[]} */ (["member", "admin"]).filter((given) => canAdd(role) && RANK[given] < RANK[role]);

/** Another role can be given to somebody below oneself, where there is another one to give. @param {Role} role @param {Role} target */
export const canChangeRole = (role, target) => canRemove(role, target) && rolesToGive(role).some((given) => given !== target);

/** Everybody may leave; the owner names a successor, and is the last one to delete the group instead. @param {Role} role @param {number} memberCount */
export const canLeave = (role, memberCount) => role !== "owner" || memberCount > 1;
