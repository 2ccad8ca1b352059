/**
 * For developers: shows every WebSocket frame as it is sent or received.
 *
 * @import { GroupsClient } from "../client/client.js"
 */

import { clock, counted, h, icon, named, say } from "./dom.js";

/** The number of frames kept; the oldest are dropped first. */
const FRAMES_MAX = 200;
/** How long a dropped connection stays down, in milliseconds: long enough to watch. */
export const CUT_MS = 5_000;

/** @typedef {{ direction: "in" | "out", frame: any, at: Date }} Entry */

export class Inspector {
  #client;
  #list = h("ol", { class: "frames", testid: "inspector-frames" });
  #facts = h("dl", { class: "facts", testid: "inspector-facts" });
  #empty = h("p", { class: "hint" }, "No frames yet. Change a group to see some.");
  /** Newest first. @type {Entry[]} */
  #frames = [];
  #cursor = "";
  #connectionId = "";
  element;

  /** @param {GroupsClient} client @param {{ signal: AbortSignal, onclose: () => void }} how */
  constructor(client, { signal, onclose }) {
    this.#client = client;
    this.element = h(
      "aside",
      { class: "inspector", testid: "inspector", hidden: true, "aria-label": "Inspector" },
      h(
        "header",
        null,
        h("h2", null, "Inspector"),
        h("button", { type: "button", class: "quiet small", testid: "inspector-cut", onclick: () => client.cut(CUT_MS) }, icon("cut"), "Drop connection"),
        h("button", { type: "button", class: "quiet small", testid: "inspector-clear", onclick: () => this.#clear() }, "Clear"),
        h("button", { type: "button", class: "bare", "aria-label": "Close the inspector", onclick: onclose }, icon("close")),
      ),
      this.#facts,
      h("div", { class: "frames-scroll", tabIndex: 0, role: "region", "aria-label": "Frames, newest first" }, this.#empty, this.#list),
    );
    client.on("frame", ({ direction, frame }) => this.#frame(direction, frame), { signal });
    client.on("state", () => this.#state(), { signal });
    this.#state();
  }

  #state() {
    const { state, reason } = this.#client.status;
    const connection = this.#client.leading ? "in this tab" : "in another tab";
    const facts = { state: reason ? `${state} (${reason})` : state, connection, "connection id": this.#connectionId.slice(0, 8), cursor: this.#cursor };
    const entries = Object.entries(facts).filter(([, value]) => value);
    this.#facts.replaceChildren(...entries.flatMap(([name, value]) => [h("dt", null, name), h("dd", { title: value, dir: "ltr" }, value)]));
  }

  /** Shows or hides the inspector. While hidden, it only records frames. @param {boolean} shown */
  show(shown) {
    this.element.hidden = !shown;
    if (shown) this.#list.replaceChildren(...this.#frames.map(drawn));
    this.#empty.hidden = this.#frames.length > 0;
    this.#state();
  }

  /** @param {"in" | "out"} direction @param {any} frame */
  #frame(direction, frame) {
    if (frame.connection_id) this.#connectionId = frame.connection_id;
    if (frame.cursor) this.#cursor = frame.cursor;
    const entry = { direction, frame, at: new Date() };
    this.#frames.unshift(entry);
    this.#frames.length = Math.min(this.#frames.length, FRAMES_MAX);
    if (this.element.hidden) return;
    this.#list.prepend(drawn(entry));
    if (this.#list.children.length > FRAMES_MAX) this.#list.lastElementChild?.remove();
    this.#empty.hidden = true;
    this.#state();
  }

  #clear() {
    this.#frames = [];
    this.show(true);
  }
}

/** @param {Entry} entry */
function drawn({ direction, frame, at }) {
  const about = frame.group?.name ?? frame.group_name ?? frame.name ?? (frame.groups ? counted(frame.groups.length, "group", "groups") : "");
  const body = h("pre", { tabIndex: 0, dir: "ltr" });
  const summary = h(
    "summary",
    null,
    h("span", { class: `direction ${direction}`, title: direction === "in" ? "received" : "sent" }, direction === "in" ? "↓" : "↑"),
    h("code", { class: "type" }, frame.type),
    frame.version ? h("span", { class: "version", title: "version" }, `v${frame.version}`) : null,
    h("span", { class: "about" }, frame.action ? `${frame.action} · ` : "", named(about)),
    h("time", { dir: "auto" }, clock(at)),
  );
  const cursor = frame.cursor ? h("p", { class: "cursor" }, "cursor ", h("code", { dir: "ltr" }, frame.cursor)) : null;
  const details = h("details", null, summary, cursor, body);
  // Render the JSON only when the entry is opened.
  details.addEventListener("toggle", () => details.open && say(body, escaped(frame)));
  return h("li", { testid: "frame", "data-type": frame.type }, details);
}

/** Formats as JSON, with bidirectional control characters escaped so that they are visible. @param {unknown} frame */
function escaped(frame) {
  const escape = (/** @type {string} */ control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(frame, null, 2).replace(/[\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/gu, escape);
}
