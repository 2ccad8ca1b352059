/** When invitations and links expire: what can be chosen, and how it is shown. */

import { h, moment } from "../dom.js";

const DAY_SECONDS = 24 * 60 * 60;

/** Seconds, and what they are called. Empty: never. @type {[number | "", string][]} */
const CHOICES = [
  [60 * 60, "After 1 hour"],
  [DAY_SECONDS, "After 1 day"],
  [7 * DAY_SECONDS, "After 7 days"],
  [30 * DAY_SECONDS, "After 30 days"],
  ["", "Never"],
];
const DEFAULT_SECONDS = 7 * DAY_SECONDS;

/** @param {string} testid */
export function expirySelect(testid) {
  return h("select", { id: testid, testid }, ...CHOICES.map(([seconds, text]) => h("option", { value: String(seconds), selected: seconds === DEFAULT_SECONDS }, text)));
}

/** The chosen number of seconds. @param {HTMLSelectElement} select @returns {number | undefined} `undefined`: never */
export const expirySeconds = ({ value }) => (value === "" ? undefined : Number(value));

/** @param {string | null} expiresAt */
export const expiryText = (expiresAt) => (expiresAt === null ? "does not expire" : `expires ${moment(expiresAt)}`);

/** @param {string | null} expiresAt @param {number} [nowMs] */
export const isExpired = (expiresAt, nowMs = Date.now()) => expiresAt !== null && Date.parse(expiresAt) <= nowMs;
