/** The HTTP interface: the operations of the OpenAPI document. */

import { h } from "../page/dom.js";
import { schemaEntries, typeOf } from "./schema.js";
import { entry, inline, json, paragraphs, table } from "./text.js";

/**
 * @typedef {Record<string, any>} Any
 * @typedef {{ id: string, title: string, nodes: Node[] }} Section
 */

/** The sections of the page. @param {Any} document @returns {Section[]} */
export function httpSections(document) {
  /** @param {Any} value @returns {Any} */
  const resolved = (value) => {
    if (!value.$ref) return value;
    return value.$ref.slice(2).split("/").reduce((/** @type {any} */ node, /** @type {string} */ key) => node[key], document);
  };
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(/** @type {Any} */ (methods)).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })));
  const tags = document.tags.map((/** @type {Any} */ tag) => ({
    id: `http-${tag.name.toLowerCase().replaceAll(" ", "-")}`,
    title: tag.name,
    nodes: [
      ...paragraphs(tag.description),
      ...operations.filter(({ operation }) => operation.tags.includes(tag.name)).map((one) => operationEntry(one, resolved)),
    ],
  }));
  return [...tags, { id: "http-schemas", title: "Schemas of HTTP", nodes: schemaEntries("http", document.components.schemas) }];
}

/** @param {{ path: string, method: string, operation: Any }} one @param {(value: Any) => Any} resolved */
function operationEntry({ path, method, operation }, resolved) {
  const summary = [
    h("span", { class: `method ${method.toLowerCase()}` }, method),
    h("code", { class: "name" }, path),
    h("span", { class: "about" }, operation.summary),
  ];
  return entry(operation.operationId, summary, () => [
    ...paragraphs(operation.description),
    h("p", { class: "hint" }, ...inline(needs(operation.security)), " Operation ", h("code", null, operation.operationId), "."),
    ...parameterTable((operation.parameters ?? []).map(resolved)),
    ...bodyView(operation.requestBody),
    h("h3", null, "Answers"),
    answerTable(operation.responses, resolved),
  ]);
}

/** @param {Any[]} security */
function needs(security) {
  if (security.length === 0) return "Needs no token.";
  const scopes = Object.values(security[0]).flat();
  return scopes.length === 0 ? "Needs a token." : `Needs a token with the scope \`${scopes.join(" ")}\`.`;
}

/** @param {Any[]} parameters */
function parameterTable(parameters) {
  if (parameters.length === 0) return [];
  const rows = parameters.map((parameter) => [
    h("code", null, parameter.name),
    h("span", null, parameter.in, parameter.required ? "" : h("span", { class: "optional" }, " optional")),
    h("span", null, ...typeOf("http", parameter.schema)),
    h("span", null, ...inline(parameter.description)),
  ]);
  return [h("h3", null, "Parameters"), table("Parameters", ["name", "in", "type", "meaning"], rows)];
}

/** @param {Any | undefined} body */
function bodyView(body) {
  if (!body) return [];
  const [[, { schema, example }]] = /** @type {[string, Any][]} */ (Object.entries(body.content));
  return [h("h3", null, "Body"), h("p", { class: "type-line" }, ...typeOf("http", schema), body.required ? "" : " (optional)"), json(example)];
}

/** @param {Record<string, Any>} responses @param {(value: Any) => Any} resolved */
function answerTable(responses, resolved) {
  const rows = Object.entries(responses).map(([status, response]) => {
    const { description, headers = {}, content = {} } = resolved(response);
    const [type] = Object.keys(content);
    const schema = type === "application/problem+json" ? { $ref: "#/components/schemas/Problem" } : content[type]?.schema;
    return [
      h("code", null, status),
      h("span", null, ...inline(description)),
      h("span", null, ...(schema ? typeOf("http", schema) : [type ?? "no body"])),
      h("span", null, Object.keys(headers).join(", ")),
    ];
  });
  return table("Answers", ["status", "meaning", "body", "headers"], rows);
}
