/** The sign-in form: by name in development mode, by token otherwise. */

import { h, named } from "./dom.js";
import { Session, recentNames } from "./session.js";
import { sentence } from "./toasts.js";

/** The server says in the page whether it is in development mode. */
const inDevelopment = document.documentElement.dataset.development !== undefined;

/** A link to the other way to sign in. @param {string} text @param {() => void} onclick */
const other = (text, onclick) => h("button", { type: "button", class: "link inline", testid: "sign-in-other", onclick }, text);

/**
 * @param {(session: Session) => void} onSigned
 * @param {{ why?: string, lead?: string }} [texts] `why`: why the user has to sign in again; `lead`: what the page is for
 */
export function signIn(onSigned, { why = "", lead = "Groups and memberships, updated in real time." } = {}) {
  const problem = h("p", { class: "problem", role: "alert", testid: "sign-in-problem" }, why);
  const body = h("div", { class: "sign-in-body" });

  /** @param {() => Promise<Session>} sign @param {HTMLButtonElement} button */
  const attempt = async (sign, button) => {
    problem.textContent = "";
    button.disabled = true;
    try {
      onSigned(await sign());
    } catch (error) {
      problem.textContent = error instanceof TypeError ? "Could not reach the server." : sentence(error);
    } finally {
      button.disabled = false;
    }
  };

  const byName = () => {
    const name = h("input", { id: "name", testid: "sign-in-name", autocomplete: "off", maxLength: 100, required: true, placeholder: "Ada" });
    const button = h("button", { type: "submit", class: "primary wide", testid: "sign-in-submit" }, "Sign in");
    const recent = recentNames();
    const known = recent.map((one) =>
      h("button", { type: "button", class: "chip", testid: "sign-in-recent", onclick: () => attempt(() => Session.byName(one), button) }, named(one)),
    );
    const onsubmit = (/** @type {Event} */ event) => {
      event.preventDefault();
      void attempt(() => Session.byName(name.value.trim()), button);
    };
    body.replaceChildren(
      h("form", { testid: "sign-in", onsubmit }, h("label", { htmlFor: "name" }, "Your name"), name, button),
      ...(known.length > 0 ? [h("div", { class: "recent" }, h("span", null, "Or continue as"), ...known)] : []),
      h("p", { class: "hint" }, "In development mode, you can sign in with any name. Open a second tab to sign in as another person. ", other("Sign in with a token", () => byToken())),
    );
    queueMicrotask(() => name.focus());
  };

  const byToken = () => {
    problem.textContent = "";
    const token = h("textarea", { id: "token", testid: "sign-in-token", rows: 5, spellcheck: false, required: true });
    const button = h("button", { type: "submit", class: "primary wide", testid: "sign-in-submit" }, "Sign in");
    const onsubmit = (/** @type {Event} */ event) => {
      event.preventDefault();
      void attempt(() => Session.byToken(token.value.trim()), button);
    };
    body.replaceChildren(
      h("form", { testid: "sign-in", onsubmit }, h("label", { htmlFor: "token" }, "Your token"), token, button),
      h("p", { class: "hint" }, "Paste a JSON Web Token that your application has signed for this server. It is stored only in this tab. ", inDevelopment && other("Sign in by name", byName)),
    );
    queueMicrotask(() => token.focus());
  };

  if (inDevelopment) byName();
  else byToken();
  problem.textContent = why;
  return h(
    "main",
    { class: "sign-in" },
    h(
      "div",
      { class: "card" },
      h("div", { class: "mark", "aria-hidden": "true" }),
      h("h1", null, "Groups"),
      h("p", { class: "lead", testid: "sign-in-lead" }, lead),
      body,
      problem,
    ),
  );
}
