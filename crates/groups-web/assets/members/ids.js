/** User ids in text that people paste. */

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;

/** The user ids in a text, in lower case and without repetitions, whatever is between them. @param {string} text */
export function idsIn(text) {
  return [...new Set(text.toLowerCase().match(UUID) ?? [])];
}
