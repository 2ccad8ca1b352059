/** Creates elements without HTML strings, which the Content-Security-Policy forbids. */
/**
 * An element with classes, parts and children. `part` is a space-separated list as in HTML. Default: the classes.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {{ class?: string, part?: string, hidden?: boolean, text?: string, attributes?: Record<string, string> }} [how]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, { class: names, part, hidden, text, attributes }?: {
    class?: string;
    part?: string;
    hidden?: boolean;
    text?: string;
    attributes?: Record<string, string>;
}, ...children: (Node | string)[]): HTMLElementTagNameMap[Tag];
/** Sets the text only if it differs, so that screen readers do not read it again. @param {Element} element @param {string} text */
export function say(element: Element, text: string): void;
