export class Typing {
    /** @param {Env} env @param {(typing: Told) => void} onChange What the server says, and what follows where it says nothing more. */
    constructor(env: Env, onChange: (typing: Told) => void);
    /** Who types in a group at present. @param {string} groupId @returns {string[]} user ids */
    of(groupId: string): string[];
    /** Whether one's own typing, or its end, is to be told now. @param {string} groupId @param {boolean} typing */
    isNews(groupId: string, typing: boolean): boolean;
    /** Somebody types, or no longer does. @param {Told} typing */
    take(typing: Told): void;
    /** Somebody is no longer in a group, and so no longer types there. @param {string} groupId @param {string} userId */
    gone(groupId: string, userId: string): void;
    /** Nobody types in a group that one is not in. @param {string} groupId */
    quiet(groupId: string): void;
    /** The list was read anew: whoever left meanwhile is not told, so that nobody is believed to type any more. */
    forget(): void;
    clear(): void;
    #private;
}
import type { Typing as Told } from "../../types/wire.js";
import type { Env } from "./env.js";
