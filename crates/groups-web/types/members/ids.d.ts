/** The user ids in a text, in lower case and without repetitions, whatever is between them. @param {string} text */
export function idsIn(text: string): string[];
