/**
 * Filters and sorts the groups.
 *
 * @import { ListedGroup } from "../client/pending.js"
 */

/** @typedef {"newest" | "recent" | "name" | "largest"} Sort */

/** @type {readonly Sort[]} */
export const SORTS = ["newest", "recent", "name", "largest"];

/**
 * @param {readonly ListedGroup[]} groups newest first
 * @param {{ filter: string, sort: Sort, collator: Intl.Collator }} how
 * @returns {readonly ListedGroup[]}
 */
export function arrange(groups, { filter, sort, collator }) {
  const wanted = plain(filter);
  const found = wanted ? groups.filter((group) => plain(group.name).includes(wanted)) : groups;
  if (sort === "newest") return found;
  /** @type {Record<Exclude<Sort, "newest">, (a: ListedGroup, b: ListedGroup) => number>} */
  const orders = {
    recent: (a, b) => (a.updated_at < b.updated_at ? 1 : a.updated_at > b.updated_at ? -1 : 0),
    name: (a, b) => collator.compare(a.name, b.name),
    largest: (a, b) => b.member_count - a.member_count,
  };
  // Groups that are being created stay at the top.
  return [...found].sort((a, b) => Number(b.pending ?? false) - Number(a.pending ?? false) || orders[sort](a, b));
}

/** Folds case and accents for searching. @param {string} text */
export function plain(text) {
  return text.normalize("NFKD").replace(/\p{Mn}/gu, "").toLocaleLowerCase().trim();
}

/** Created once, because construction is expensive. @type {Intl.Segmenter | undefined} */
let segmenter;

/** Invisible bidirectional control characters. */
const CONTROLS = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;

/** Up to two initials, in any script. @param {string} name */
export function initials(name) {
  const words = name.replace(CONTROLS, "").split(/[\s\p{P}]+/u).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words[1]] : words.slice(0, 1);
  segmenter ??= new Intl.Segmenter();
  const firsts = letters.map((word) => segmenter?.segment(word).containing(0)?.segment ?? "");
  return firsts.join("").toLocaleUpperCase() || [...name.trim()][0] || "?";
}

/** A hue in degrees, stable for each id. @param {string} id */
export function hue(id) {
  let hash = 0;
  for (const character of id) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return hash % 360;
}
