/**
 * Bidirectional isolation of names: control characters in a name cannot reorder the text around it.
 *
 * An isolate (UAX #9, BD9), such as `<bdi>`, ends at the first unmatched U+2069 and at the end of the paragraph. A name with an
 * unmatched closer or a line break would therefore end it early.
 */

const FIRST_STRONG_ISOLATE = "\u2068";
const POP_ISOLATE = "\u2069";
const ISOLATE_CONTROLS = /[\u2066-\u2069]/gu;
/** Paragraph separators (Bidi_Class B) and the line separator. Names accepted by earlier server versions may contain them. */
const BREAKS = /[\n\r\u001C-\u001E\u0085\u2028\u2029]+/gu;
/** Bidirectional controls, line breaks, and the blocks of right-to-left scripts. */
const DIRECTIONAL = /[\n\r\u001C-\u001E\u0085\u2028\u2029\u0590-\u08FF\u200E\u200F\u202A-\u202E\u2066-\u2069\uFB1D-\uFDFF\uFE70-\uFEFC\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u;
/** Text that starts with a letter and ends with a letter or a digit looks the same next to any other text. */
const SELF_CONTAINED = /^\p{L}(?:.*[\p{L}\p{N}])?$/su;

/** Makes text safe inside an isolate: a single line, with exactly one closer for each isolate that it opens. @param {string} text */
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

/** Makes a name safe for plain text such as a title or a label: isolates it with U+2068 and U+2069 if its direction could matter. @param {string} name */
export function isolated(name) {
  if (SELF_CONTAINED.test(name) && !DIRECTIONAL.test(name)) return name;
  return FIRST_STRONG_ISOLATE + tamed(name) + POP_ISOLATE;
}
