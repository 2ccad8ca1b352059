/**
 * Which groups are listed, and in which order.
 *
 * @import { ListedGroup } from "../client/pending.js"
 */

/** @typedef {"newest" | "recent" | "name" | "largest"} Sort */

/** @type {readonly Sort[]} */
export const SORTS = ["newest", "recent", "name", "largest"];

/**
 * @param {readonly ListedGroup[]} groups the newest first
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
  // What is being created stays on top, where it was put.
  return [...found].sort((a, b) => Number(b.pending ?? false) - Number(a.pending ?? false) || orders[sort](a, b));
}

/** Without case and accents, as people search. @param {string} text */
export function plain(text) {
  return text.normalize("NFKD").replace(/\p{Mn}/gu, "").toLocaleLowerCase().trim();
}

/** Made once: it takes longer than all that it is used for. @type {Intl.Segmenter | undefined} */
let segmenter;

/** Controls of direction, of which nothing can be seen. */
const CONTROLS = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;

/** Two letters to recognise a name by, in any script. @param {string} name */
export function initials(name) {
  const words = name.replace(CONTROLS, "").split(/[\s\p{P}]+/u).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words[1]] : words.slice(0, 1);
  segmenter ??= new Intl.Segmenter();
  const firsts = letters.map((word) => segmenter?.segment(word).containing(0)?.segment ?? "");
  return firsts.join("").toLocaleUpperCase() || [...name.trim()][0] || "?";
}

/** A colour to recognise an id by: a hue in degrees. @param {string} id */
export function hue(id) {
  let hash = 0;
  for (const character of id) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return hash % 360;
}
