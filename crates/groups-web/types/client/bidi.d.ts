/** The text as it may stand in an isolate: in one line, with a closer for each isolate that it opens, and no other. @param {string} text */
export function tamed(text: string): string;
/** A name for plain text, as in a title or a label: isolated with U+2068 and U+2069 where its direction could matter. @param {string} name */
export function isolated(name: string): string;
