export class Typing {
    /** @param {Env} env @param {(typing: Told) => void} onChange Called for each message, and when an indicator expires. */
    constructor(env: Env, onChange: (typing: Told) => void);
    /** The users who are typing in a group. @param {string} groupId @returns {string[]} user ids */
    of(groupId: string): string[];
    /** Whether the user's own typing, or its end, must be sent now. @param {string} groupId @param {boolean} typing */
    isNews(groupId: string, typing: boolean): boolean;
    /** Applies a message: a user is typing, or has stopped. @param {Told} typing */
    take(typing: Told): void;
    /** Clears the indicator of a user who is no longer in a group. @param {string} groupId @param {string} userId */
    gone(groupId: string, userId: string): void;
    /** Clears the indicators of a group that the user has left. @param {string} groupId */
    quiet(groupId: string): void;
    /** Clears all indicators after a snapshot, because it does not say who left in the meantime. */
    forget(): void;
    clear(): void;
    #private;
}
import type { Typing as Told } from "../../types/wire.js";
import type { Env } from "./env.js";
