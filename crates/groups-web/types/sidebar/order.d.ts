/**
 * @param {readonly ListedGroup[]} groups newest first
 * @param {{ filter: string, sort: Sort, collator: Intl.Collator }} how
 * @returns {readonly ListedGroup[]}
 */
export function arrange(groups: readonly ListedGroup[], { filter, sort, collator }: {
    filter: string;
    sort: Sort;
    collator: Intl.Collator;
}): readonly ListedGroup[];
/** Folds case and accents for searching. @param {string} text */
export function plain(text: string): string;
/** Up to two initials, in any script. @param {string} name */
export function initials(name: string): string;
/** A hue in degrees, stable for each id. @param {string} id */
export function hue(id: string): number;
/**
 * Filters and sorts the groups.
 *
 * @import { ListedGroup } from "../client/pending.js"
 */
/** @typedef {"newest" | "recent" | "name" | "largest"} Sort */
/** @type {readonly Sort[]} */
export const SORTS: readonly Sort[];
export type Sort = "newest" | "recent" | "name" | "largest";
import type { ListedGroup } from "../client/pending.js";
