export class StatusLine {
    /** @param {Pick<Tree, "status" | "stateText" | "countdown">} dom */
    constructor(dom: Pick<Tree, "status" | "stateText" | "countdown">);
    /** @param {Readonly<Status>} status @param {Texts} texts */
    show({ state, reason, retryInMs, transport }: Readonly<Status> | undefined, texts: Texts): void;
    /** Stops the countdown. */
    stop(): void;
    #private;
}
import type { Status } from "../client/link.js";
import type { Texts } from "./texts.js";
import type { Tree } from "./tree.js";
