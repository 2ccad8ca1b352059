/** Creates elements without HTML strings, which the Content-Security-Policy forbids. */

/**
 * An element with classes, parts and children. `part` is a space-separated list as in HTML. Default: the classes.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {{ class?: string, part?: string, hidden?: boolean, text?: string, attributes?: Record<string, string> }} [how]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, { class: names, part, hidden, text, attributes } = {}, ...children) {
  const element = document.createElement(tag);
  if (names) element.className = names;
  if (part ?? names) element.setAttribute("part", part ?? names ?? "");
  if (hidden) element.hidden = true;
  if (text !== undefined) element.textContent = text;
  for (const [name, value] of Object.entries(attributes ?? {})) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Sets the text only if it differs, so that screen readers do not read it again. @param {Element} element @param {string} text */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
