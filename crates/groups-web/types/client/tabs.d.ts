/**
 * One socket for several tabs: whoever holds the lock is the leader and has the socket; it passes every frame on to the others.
 *
 * A tab that missed a message sees it by the numbers and asks for the whole state. One that has heard nothing for a while asks whether the
 * leader is still there, because a tab at a breakpoint or in `alert` says nothing and keeps its lock. A leader that does not answer is
 * deposed: the lock is stolen, and the deposed one, once it stirs again, follows. From its last word to the theft pass
 * {@link SILENCE_MS_MAX} and {@link QUESTIONS_MAX} times {@link ANSWER_MS_MAX}: 14.5 seconds.
 *
 * @import { ClientFrame, ServerFrame } from "../../types/wire.js"
 * @import { Env } from "./env.js"
 * @import { Status } from "./link.js"
 */
/** After so many milliseconds without a word of the leader, those who follow ask whether it is there. */
export const SILENCE_MS_MAX: 10000;
/** How long a question to the leader may go unanswered, in milliseconds, and how often it is asked. */
export const ANSWER_MS_MAX: 1500;
export const QUESTIONS_MAX: 3;
/** One tab deposes leaders no more often than that, in milliseconds: two that cannot hear each other do not take turns. */
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
 * @property {() => void} onLead This tab is the leader now.
 * @property {() => void} onDeposed It is no more.
 * @property {() => void} onAlone The browser has locks and channels, and refuses them here, as in a frame without an origin: this tab is on its own.
 * @property {() => any} exportState For another tab.
 * @property {(state: any) => void} importState
 * @property {(frame: ServerFrame) => void} onFrame
 * @property {(status: Status) => void} onStatus
 * @property {() => void} onOpening The leader is about to connect.
 * @property {() => Status} status
 * @property {(message: { kind: "wake" } | { kind: "cut", ms: number } | { kind: "send", frame: ClientFrame }) => void} onRequest Another tab asks the leader.
 */
export class Tabs {
    /** Whether the surroundings allow it. @param {Env} env */
    static possible(env: Env): boolean;
    /** @param {Env} env @param {string} name The same for those tabs that share. @param {Handlers} handlers */
    constructor(env: Env, name: string, handlers: Handlers);
    get leading(): boolean;
    join(): void;
    leave(): void;
    /** From the leader to all others. @param {{ kind: "frame", frame: ServerFrame } | { kind: "status", status: Status } | { kind: "opening" }} message */
    tell(message: {
        kind: "frame";
        frame: ServerFrame;
    } | {
        kind: "status";
        status: Status;
    } | {
        kind: "opening";
    }): void;
    /** To the leader. @param {{ kind: "wake" } | { kind: "cut", ms: number } | { kind: "send", frame: ClientFrame }} message */
    ask(message: {
        kind: "wake";
    } | {
        kind: "cut";
        ms: number;
    } | {
        kind: "send";
        frame: ClientFrame;
    }): void;
    /** Something of the leader's was missed here: asks for its state. */
    resync(): void;
    /** This tab is seen again: is all as the leader has it, and is the leader there? */
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
     * This tab is the leader now.
     */
    onLead: () => void;
    /**
     * It is no more.
     */
    onDeposed: () => void;
    /**
     * The browser has locks and channels, and refuses them here, as in a frame without an origin: this tab is on its own.
     */
    onAlone: () => void;
    /**
     * For another tab.
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
     * Another tab asks the leader.
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
