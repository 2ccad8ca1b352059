/**
 * One connection for several tabs: the tab that holds the lock is the leader. It holds the connection and forwards every frame to the followers.
 *
 * Messages are numbered. A follower that detects a gap requests the complete state. A follower that has received nothing for a
 * while pings the leader, because a tab at a breakpoint or in `alert` is silent but keeps its lock. If the leader does not answer,
 * a follower steals the lock; the former leader becomes a follower when it runs again. From the last message to the takeover it
 * takes {@link SILENCE_MS_MAX} plus {@link QUESTIONS_MAX} times {@link ANSWER_MS_MAX}: 14.5 seconds.
 *
 * @import { ClientFrame, ServerFrame } from "../../types/wire.js"
 * @import { Env } from "./env.js"
 * @import { Status } from "./link.js"
 */
/** After this many milliseconds without a message from the leader, followers ping it. */
export const SILENCE_MS_MAX: 10000;
/** How long a follower waits for an answer from the leader, in milliseconds, and how often it asks. */
export const ANSWER_MS_MAX: 1500;
export const QUESTIONS_MAX: 3;
/** The minimum time between two takeovers by one tab, in milliseconds: two tabs that cannot hear each other must not alternate. */
export const STEAL_MS_MIN: 60000;
/**
 * @typedef {{ kind: "hello", from: string }
 *   | { kind: "ping", from: string }
 *   | { kind: "wake", from: string }
 *   | { kind: "cut", from: string, ms: number }
 *   | { kind: "send", from: string, frame: ClientFrame }
 *   | { kind: "lead", lead: string }
 *   | { kind: "beat", lead: string, seq: number }
 *   | { kind: "state", lead: string, to: string, seq: number, state: any, status: Status }
 *   | { kind: "frame", lead: string, seq: number, frame: ServerFrame }
 *   | { kind: "status", lead: string, seq: number, status: Status }
 *   | { kind: "opening", lead: string, seq: number }} Message
 */
/**
 * @typedef {object} Handlers
 * @property {() => void} onLead This tab has become the leader.
 * @property {() => void} onDeposed This tab is no longer the leader.
 * @property {() => void} onAlone The browser refuses locks or channels here, as in a sandboxed frame: this tab needs its own connection.
 * @property {() => any} exportState The state for another tab.
 * @property {(state: any) => void} importState
 * @property {(frame: ServerFrame) => void} onFrame
 * @property {(status: Status) => void} onStatus
 * @property {() => void} onOpening The leader is about to connect.
 * @property {() => Status} status
 * @property {(message: { kind: "wake" } | { kind: "cut", ms: number } | { kind: "send", frame: ClientFrame }) => void} onRequest A request from a follower.
 */
export class Tabs {
    /** Whether the environment supports sharing. @param {Env} env */
    static possible(env: Env): boolean;
    /** @param {Env} env @param {string} name Tabs with the same name share a connection. @param {Handlers} handlers */
    constructor(env: Env, name: string, handlers: Handlers);
    get leading(): boolean;
    join(): void;
    leave(): void;
    /** Sends a message from the leader to all followers. @param {{ kind: "frame", frame: ServerFrame } | { kind: "status", status: Status } | { kind: "opening" }} message */
    tell(message: {
        kind: "frame";
        frame: ServerFrame;
    } | {
        kind: "status";
        status: Status;
    } | {
        kind: "opening";
    }): void;
    /** Sends a request to the leader. @param {{ kind: "wake" } | { kind: "cut", ms: number } | { kind: "send", frame: ClientFrame }} message */
    ask(message: {
        kind: "wake";
    } | {
        kind: "cut";
        ms: number;
    } | {
        kind: "send";
        frame: ClientFrame;
    }): void;
    /** Requests the leader's state after a missed message. */
    resync(): void;
    /** This tab has become visible: checks that the leader is alive and the state is current. */
    wake(): void;
    #private;
}
export type Message = {
    kind: "hello";
    from: string;
} | {
    kind: "ping";
    from: string;
} | {
    kind: "wake";
    from: string;
} | {
    kind: "cut";
    from: string;
    ms: number;
} | {
    kind: "send";
    from: string;
    frame: ClientFrame;
} | {
    kind: "lead";
    lead: string;
} | {
    kind: "beat";
    lead: string;
    seq: number;
} | {
    kind: "state";
    lead: string;
    to: string;
    seq: number;
    state: any;
    status: Status;
} | {
    kind: "frame";
    lead: string;
    seq: number;
    frame: ServerFrame;
} | {
    kind: "status";
    lead: string;
    seq: number;
    status: Status;
} | {
    kind: "opening";
    lead: string;
    seq: number;
};
export type Handlers = {
    /**
     * This tab has become the leader.
     */
    onLead: () => void;
    /**
     * This tab is no longer the leader.
     */
    onDeposed: () => void;
    /**
     * The browser refuses locks or channels here, as in a sandboxed frame: this tab needs its own connection.
     */
    onAlone: () => void;
    /**
     * The state for another tab.
     */
    exportState: () => any;
    importState: (state: any) => void;
    onFrame: (frame: ServerFrame) => void;
    onStatus: (status: Status) => void;
    /**
     * The leader is about to connect.
     */
    onOpening: () => void;
    status: () => Status;
    /**
     * A request from a follower.
     */
    onRequest: (message: {
        kind: "wake";
    } | {
        kind: "cut";
        ms: number;
    } | {
        kind: "send";
        frame: ClientFrame;
    }) => void;
};
import type { ServerFrame } from "../../types/wire.js";
import type { Status } from "./link.js";
import type { ClientFrame } from "../../types/wire.js";
import type { Env } from "./env.js";
