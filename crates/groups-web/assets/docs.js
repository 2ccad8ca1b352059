/**
 * `/docs`: the HTTP and WebSocket interface, from the OpenAPI and the AsyncAPI document of the same server.
 *
 * Hooks for tests: `docs` (state in `data-state`: `loading`, `ready`, `failed`), `docs-filter`, `docs-count`, `theme`.
 */

import { httpSections } from "./docs/http.js";
import { socketSections } from "./docs/socket.js";
import { counted, h, icon, say } from "./page/dom.js";
import { nextTheme, restoreTheme } from "./page/theme.js";

/** @import { Section } from "./docs/http.js" */

restoreTheme();
const main = h("main", { testid: "docs", id: "content", tabIndex: -1 }, h("p", { class: "hint" }, "Loading…"));
const contents = h("nav", { "aria-label": "Contents", class: "contents" });
const filter = h("input", { type: "search", testid: "docs-filter", placeholder: "Filter", "aria-label": "Filter operations, messages and schemas" });
const count = h("p", { testid: "docs-count", class: "hint", role: "status" });
main.dataset.state = "loading";
document.body.replaceChildren(
  h("a", { class: "skip", href: "#content" }, "Skip to content"),
  h("header", { class: "bar" },
    h("a", { class: "brand", href: "." }, h("span", { class: "mark", "aria-hidden": "true" }), "Groups"),
    filter,
    h("button", { class: "bare", type: "button", testid: "theme", "aria-label": "Switch between light and dark", title: "Switch between light and dark", onclick: nextTheme }, icon("theme")),
  ),
  h("div", { class: "docs-layout" }, contents, main),
);
show().catch(() => {
  main.dataset.state = "failed";
  main.replaceChildren(h("p", { class: "problem" }, "The documents cannot be loaded. Reload the page to try again."));
});

/** @param {string} url */
async function read(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response.json();
}

async function show() {
  const [http, socket] = await Promise.all([read("openapi.json"), read("asyncapi.json")]);
  const sections = [...httpSections(http), ...socketSections(socket)];
  main.replaceChildren(
    h("h1", null, "Interface"),
    h("p", { class: "hint" },
      `Version ${http.info.version}. For programs: `, h("a", { href: "openapi.json" }, "openapi.json"), " (HTTP) and ",
      h("a", { href: "asyncapi.json" }, "asyncapi.json"), " (WebSocket)."),
    count,
    ...sections.map(sectionView),
  );
  contents.replaceChildren(h("ul", null, ...sections.map(({ id, title }) => h("li", null, h("a", { href: `#${id}` }, title)))));
  filter.addEventListener("input", narrow);
  addEventListener("hashchange", openTarget);
  main.dataset.state = "ready";
  openTarget();
}

/** @param {Section} section */
function sectionView({ id, title, nodes }) {
  return h("section", { id, "aria-label": title }, h("h2", null, title), ...nodes);
}

/** Shows only the entries whose summary contains every word of the filter. */
function narrow() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const section of main.querySelectorAll("section")) {
    const entries = [...section.querySelectorAll("details")];
    for (const entry of entries) {
      const text = entry.firstElementChild?.textContent?.toLowerCase() ?? "";
      entry.hidden = !words.every((word) => text.includes(word));
      if (!entry.hidden) shown += 1;
    }
    section.hidden = words.length > 0 && entries.every((entry) => entry.hidden);
  }
  say(count, words.length === 0 ? "" : counted(shown, "entry", "entries"));
}

/** Opens the entry in the URL. */
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!(target instanceof HTMLDetailsElement)) return;
  if (target.hidden) {
    filter.value = "";
    narrow();
  }
  target.open = true;
  target.scrollIntoView();
  target.querySelector("summary")?.focus();
}
