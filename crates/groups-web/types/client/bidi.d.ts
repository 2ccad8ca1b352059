/** Makes text safe inside an isolate: a single line, with exactly one closer for each isolate that it opens. @param {string} text */
export function tamed(text: string): string;
/** Makes a name safe for plain text such as a title or a label: isolates it with U+2068 and U+2069 if its direction could matter. @param {string} name */
export function isolated(name: string): string;
