/** Color theme: light, dark, or the system setting. */

import { forGood } from "./storage.js";

const KEY = "groups.theme";
const SCHEMES = ["light dark", "light", "dark"];

export function restoreTheme() {
  apply(forGood.get(KEY) ?? SCHEMES[0]);
}

/** Switches to the opposite of the current theme. Uses the system setting if it matches. */
export function nextTheme() {
  const systemDark = matchMedia("(prefers-color-scheme: dark)").matches;
  const dark = document.documentElement.style.colorScheme === "dark" || (document.documentElement.style.colorScheme !== "light" && systemDark);
  const wanted = dark ? "light" : "dark";
  apply((wanted === "dark") === systemDark ? SCHEMES[0] : wanted);
}

/** @param {string} scheme */
function apply(scheme) {
  const known = SCHEMES.includes(scheme) ? scheme : SCHEMES[0];
  document.documentElement.style.colorScheme = known;
  forGood.set(KEY, known);
}
