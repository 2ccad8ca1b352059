/** The WebSocket: the messages of the AsyncAPI document. */

import { h } from "../page/dom.js";
import { schemaEntries, schemaView } from "./schema.js";
import { entry, inline, json, paragraphs, table } from "./text.js";

/**
 * @typedef {Record<string, any>} Any
 * @import { Section } from "./http.js"
 */

/** The sections of the page. @param {Any} document @returns {Section[]} */
export function socketSections(document) {
  const channel = document.channels.websocket;
  const { schemas, messages } = document.components;
  const named = new Set(Object.keys(messages));
  /** @param {Any} operation */
  const entries = (operation) =>
    operation.messages.map((/** @type {Any} */ { $ref }) => messageEntry($ref.split("/").pop(), messages, schemas));
  const codes = channel["x-close-codes"].map((/** @type {Any} */ { code, description, reconnect }) => [
    h("code", null, String(code)),
    h("span", null, ...inline(description)),
    reconnect ? "yes" : "no",
  ]);
  const others = Object.fromEntries(Object.entries(schemas).filter(([name]) => !named.has(name)));
  return [
    {
      id: "socket",
      title: "The connection",
      nodes: [
        h("p", null, h("code", null, `GET ${channel.address}`)),
        ...paragraphs(document.info.description),
        ...paragraphs(channel.description),
        table("Close codes", ["code", "reason", "reconnect"], codes),
      ],
    },
    { id: "socket-server", title: "Messages from the server", nodes: entries(document.operations.sendToClient) },
    {
      id: "socket-client",
      title: "Messages from a client",
      nodes: [...paragraphs(document.operations.receiveFromClient.description), ...entries(document.operations.receiveFromClient)],
    },
    { id: "socket-schemas", title: "Schemas of the WebSocket", nodes: schemaEntries("socket", others) },
  ];
}

/** @param {string} key @param {Any} messages @param {Any} schemas */
function messageEntry(key, messages, schemas) {
  const { name, summary, examples } = messages[key];
  const head = [h("code", { class: "name" }, name), h("span", { class: "about" }, ...inline(summary))];
  return entry(`message-${key}`, head, () => [
    ...schemaView("socket", schemas[key]),
    h("h3", null, examples.length === 1 ? "Example" : "Examples"),
    ...examples.map((/** @type {Any} */ { payload }) => json(payload)),
  ]);
}
