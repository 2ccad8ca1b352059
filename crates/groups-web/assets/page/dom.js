/** Helpers for elements, icons and times. No HTML strings: the Content-Security-Policy forbids them. */

import { tamed } from "../client/bidi.js";

/** Text that may contain names; created by {@link text}. @typedef {string | (Node | string)[]} Text */

/**
 * Creates an element. `on…` adds a listener, `class` sets the class, `testid` sets `data-testid`. Any other name is set as a
 * property if the element has it, and as an attribute otherwise.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any> | null} [props]
 * @param {(Node | string | null | undefined | false)[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name === "testid") element.dataset.testid = value;
    else if (name in element && !name.includes("-")) /** @type {any} */ (element)[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A name, bidi-isolated from the text around it. @param {string} name @param {Record<string, any> | null} [props] */
export const named = (name, props) => h("bdi", props, tamed(name));

/**
 * Text that contains names: text`${name} is gone.` A placeholder is a name, or another result of this function.
 * @param {TemplateStringsArray} strings
 * @param {(string | (Node | string)[])[]} names
 * @returns {(Node | string)[]}
 */
export function text(strings, ...names) {
  return strings.flatMap((string, index) => {
    const name = names[index];
    if (name === undefined) return [string];
    return [string, ...(typeof name === "string" ? [named(name)] : name)];
  });
}

/** The children that a text is made of. @param {Text} text */
export const parts = (text) => (typeof text === "string" ? [text] : text);

/** Sets the text only if it differs. @param {Element} element @param {Text} text */
export function sayText(element, text) {
  const words = parts(text).map((part) => (typeof part === "string" ? part : (part.textContent ?? ""))).join("");
  if (element.textContent !== words) element.replaceChildren(...parts(text));
}

/** Stroke paths in a 24 by 24 view box. */
const ICONS = {
  plus: "M12 5v14M5 12h14",
  back: "M15 5l-7 7 7 7",
  close: "M6 6l12 12M18 6L6 18",
  edit: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  leave: "M10 5H5v14h5M14 8l4 4-4 4M18 12H9",
  trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13",
  people: "M9 11a3.5 3.5 0 100-7 3.5 3.5 0 000 7zM2.5 20c.5-4 3-6 6.5-6s6 2 6.5 6M16 4.5a3.5 3.5 0 010 6.5M18 14.5c2 .8 3.2 2.6 3.5 5.500",
  frames: "M8 7l-5 5 5 5M16 7l5 5-5 5M13.5 5l-3 14",
  cut: "M6 8a2.5 2.5 0 100-5 2.5 2.5 0 000 5zM6 21a2.5 2.5 0 100-5 2.5 2.5 0 000 5zM8 7l12 11M8 17L20 6",
  theme: "M12 3a9 9 0 100 18zM12 3a9 9 0 010 18",
  out: "M14 5h5v14h-5M10 8l-4 4 4 4M6 12h9",
  tools: "M14.5 5.5a4 4 0 00-5 5L4 16v4h4l5.5-5.5a4 4 0 005-5L16 12l-4-4z",
  ban: "M12 21a9 9 0 100-18 9 9 0 000 18zM5.6 5.6l12.8 12.8",
  link: "M10 14a4 4 0 005.7 0l3-3A4 4 0 0013 5.3l-1 1M14 10a4 4 0 00-5.7 0l-3 3A4 4 0 0011 18.7l1-1",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  search: "M11 18a7 7 0 100-14 7 7 0 000 14zM16 16l5 5",
};

/** @param {keyof typeof ICONS} name */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** Sets the text only if it differs. @param {Element} element @param {string} text */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "short" });
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

/** @param {string} time */
export const day = (time) => DAY.format(new Date(time));
/** @param {string} time */
export const moment = (time) => MOMENT.format(new Date(time));
/** @param {Date} time */
export const clock = (time) => CLOCK.format(time);

/** @param {number} count @param {string} one @param {string} many */
export const counted = (count, one, many) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
