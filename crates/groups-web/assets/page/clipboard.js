/** The clipboard. */

/** Copies what a field contains. @param {HTMLInputElement} shown @returns {Promise<boolean>} whether it is in the clipboard */
export async function toClipboard(shown) {
  try {
    await navigator.clipboard.writeText(shown.value);
    return true;
  } catch {
    // Only secure pages have this interface, and the user can refuse it.
    shown.select();
    return document.execCommand("copy");
  }
}
