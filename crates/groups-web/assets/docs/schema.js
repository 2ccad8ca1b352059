/** Schemas, as OpenAPI and AsyncAPI write them (JSON Schema). */

import { h } from "../page/dom.js";
import { entry, inline, json, paragraphs, table } from "./text.js";

/** @typedef {Record<string, any>} Schema */

const PREFIX = "#/components/schemas/";

/** The id of a schema's entry. @param {string} kind @param {string} name */
export const schemaId = (kind, name) => `${kind}-schema-${name}`;

/**
 * What a value is, in a few words. A named schema is a link.
 * @param {string} kind the document: `http` or `socket`
 * @param {Schema} schema
 * @returns {(Node | string)[]}
 */
export function typeOf(kind, schema) {
  if (schema.$ref) {
    const name = schema.$ref.replace(PREFIX, "");
    return [h("a", { href: `#${schemaId(kind, name)}` }, name)];
  }
  if ("const" in schema) return [h("code", null, JSON.stringify(schema.const))];
  if (schema.enum) return separated(schema.enum.map((/** @type {unknown} */ value) => [h("code", null, JSON.stringify(value))]), " | ");
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices && !schema.properties) return separated(choices.map((/** @type {Schema} */ choice) => typeOf(kind, choice)), " | ");
  if (schema.allOf?.length === 1 && !schema.properties) return typeOf(kind, schema.allOf[0]);
  if (schema.items) return ["array of ", ...typeOf(kind, schema.items)];
  const types = [schema.type ?? "object"].flat().join(" | ");
  return [[types, ...bounds(schema)].join(", ")];
}

/** @param {Schema} schema */
function bounds(schema) {
  const { minimum, maximum, minLength, maxLength, minItems, maxItems, format } = schema;
  /** @param {number | undefined} least @param {number | undefined} most @param {string} unit */
  const range = (least, most, unit) => {
    if (least === undefined && most === undefined) return "";
    if (most === undefined && least === 1 && unit) return "not empty";
    if (most === undefined) return `at least ${least}${unit}`;
    return least === undefined ? `at most ${most}${unit}` : `${least} to ${most}${unit}`;
  };
  return [
    format ?? "",
    range(minimum, maximum, ""),
    range(minLength, maxLength, " characters"),
    range(minItems, maxItems, " entries"),
  ].filter(Boolean);
}

/** @param {(Node | string)[][]} lists @param {string} separator */
function separated(lists, separator) {
  return lists.flatMap((list, index) => (index === 0 ? list : [separator, ...list]));
}

/**
 * The fields of an object, or the choices.
 * @param {string} kind @param {Schema} schema @returns {Node[]}
 */
export function schemaView(kind, schema) {
  const properties = Object.entries(schema.properties ?? {});
  const required = new Set(schema.required ?? []);
  const rows = properties.map(([name, field]) => [
    h("code", null, name),
    h("span", null, ...typeOf(kind, field), required.has(name) ? "" : h("span", { class: "optional" }, " optional")),
    h("span", null, ...inline(field.description ?? "")),
  ]);
  const choices = schema.oneOf ?? schema.anyOf ?? [];
  return [
    ...(properties.length > 0 ? [table("Fields", ["field", "type", "meaning"], rows)] : []),
    ...(properties.length === 0 && choices.length === 0 ? [h("p", { class: "type-line" }, ...typeOf(kind, schema))] : []),
    ...(schema.allOf ?? []).map((/** @type {Schema} */ part) => h("p", { class: "type-line" }, "and ", ...typeOf(kind, part))),
    ...choices.map((/** @type {Schema} */ choice) =>
      h("div", { class: "choice" }, h("p", null, "either: ", ...inline(choice.description ?? "")), ...schemaView(kind, choice))),
    ...(schema.examples ?? []).map(json),
  ];
}

/** All named schemas. @param {string} kind @param {Record<string, Schema>} schemas */
export function schemaEntries(kind, schemas) {
  return Object.entries(schemas).map(([name, schema]) =>
    entry(schemaId(kind, name), [h("code", { class: "name" }, name), h("span", { class: "about" }, ...inline(schema.description ?? ""))], () => [
      ...paragraphs(schema.description),
      ...schemaView(kind, schema),
    ]));
}
