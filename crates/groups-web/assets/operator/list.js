/** A list that is read page by page. */

import { h } from "../page/dom.js";
import { sentence } from "../page/toasts.js";

/**
 * Reads the first page; a button reads the next.
 * @param {string} label
 * @param {(after?: string) => Promise<{ rows: HTMLElement[], next: string | null }>} read
 */
export async function paged(label, read) {
  const list = h("ul", { class: "operator-list", "aria-label": label });
  const problem = h("p", { class: "problem", role: "alert" });
  /** @type {string | undefined} */
  let after;
  const more = h("button", { type: "button", class: "quiet small", testid: "operator-more", onclick: () => void next() }, "Show more");
  const load = async () => {
    const page = await read(after);
    list.append(...page.rows);
    after = page.next ?? undefined;
    more.hidden = page.next === null;
    return page.rows[0];
  };
  const next = async () => {
    more.disabled = true;
    problem.textContent = "";
    try {
      const first = await load();
      // The button may be hidden now and lose the focus.
      /** @type {HTMLElement | null | undefined} */ (first?.querySelector("button, select"))?.focus();
    } catch (error) {
      problem.textContent = sentence(error);
    } finally {
      more.disabled = false;
    }
  };
  await load();
  return h("div", null, list, problem, more);
}
