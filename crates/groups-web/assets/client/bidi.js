/**
 * Names beside other text: whatever controls of writing direction a name has, the text around it stays in its order.
 *
 * An isolate (UAX #9, BD9) ends at the first U+2069 without an opener of its own, and with the paragraph. `<bdi>` is such an isolate. So a name
 * that closes what it has not opened, or breaks the line, would end it early.
 */

const FIRST_STRONG_ISOLATE = "\u2068";
const POP_ISOLATE = "\u2069";
const ISOLATE_CONTROLS = /[\u2066-\u2069]/gu;
/** Characters that end a paragraph (Bidi_Class B), and the line separator. Names that the server accepted earlier may have them. */
const BREAKS = /[\n\r\u001C-\u001E\u0085\u2028\u2029]+/gu;
/** Controls of direction, what ends a line, and the blocks of scripts that are written from right to left. */
const DIRECTIONAL = /[\n\r\u001C-\u001E\u0085\u2028\u2029\u0590-\u08FF\u200E\u200F\u202A-\u202E\u2066-\u2069\uFB1D-\uFDFF\uFE70-\uFEFC\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u;
/** What begins with a letter and ends with a letter or a digit looks the same beside any text. */
const SELF_CONTAINED = /^\p{L}(?:.*[\p{L}\p{N}])?$/su;

/** The text as it may stand in an isolate: in one line, with a closer for each isolate that it opens, and no other. @param {string} text */
export function tamed(text) {
  let open = 0;
  const balanced = text.replace(BREAKS, " ").replace(ISOLATE_CONTROLS, (control) => {
    if (control !== POP_ISOLATE) open += 1;
    else if (open === 0) return "";
    else open -= 1;
    return control;
  });
  return balanced + POP_ISOLATE.repeat(open);
}

/** A name for plain text, as in a title or a label: isolated with U+2068 and U+2069 where its direction could matter. @param {string} name */
export function isolated(name) {
  if (SELF_CONTAINED.test(name) && !DIRECTIONAL.test(name)) return name;
  return FIRST_STRONG_ISOLATE + tamed(name) + POP_ISOLATE;
}
