/**
 * @param {readonly ListedGroup[]} groups the newest first
 * @param {{ filter: string, sort: Sort, collator: Intl.Collator }} how
 * @returns {readonly ListedGroup[]}
 */
export function arrange(groups: readonly ListedGroup[], { filter, sort, collator }: {
    filter: string;
    sort: Sort;
    collator: Intl.Collator;
}): readonly ListedGroup[];
/** Without case and accents, as people search. @param {string} text */
export function plain(text: string): string;
/** Two letters to recognise a name by, in any script. @param {string} name */
export function initials(name: string): string;
/** A colour to recognise an id by: a hue in degrees. @param {string} id */
export function hue(id: string): number;
/**
 * Which groups are listed, and in which order.
 *
 * @import { ListedGroup } from "../client/pending.js"
 */
/** @typedef {"newest" | "recent" | "name" | "largest"} Sort */
/** @type {readonly Sort[]} */
export const SORTS: readonly Sort[];
export type Sort = "newest" | "recent" | "name" | "largest";
import type { ListedGroup } from "../client/pending.js";
