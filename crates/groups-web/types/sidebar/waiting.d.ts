/** The most entries of each kind that are shown. The next ones follow when these are answered. */
export const ENTRIES_MAX: 50;
export class WaitingList {
    /** @param {Host} host */
    constructor(host: Host);
    root: HTMLDivElement;
    /** @param {GroupsClient | null} client `null`: shows nothing @param {Texts} texts */
    show(client: GroupsClient | null, texts: Texts): void;
    /** Stops writing the time that is left. */
    stop(): void;
    #private;
}
export type Host = {
    /**
     * Returns whether no listener has prevented the action.
     */
    emit: (name: string, detail: object) => boolean;
    /**
     * Something must be drawn again.
     */
    onChange: () => void;
    /**
     * The entry that had the focus was the last one.
     */
    onEmpty: () => void;
};
export type Answer = "accept" | "decline" | "withdraw";
import type { GroupsClient } from "../client/client.js";
import type { Texts } from "./texts.js";
