export class GroupsSidebar extends HTMLElement {
    static observedAttributes: string[];
    set client(client: GroupsClient | null);
    get client(): GroupsClient | null;
    set selected(id: string);
    /** The id of the selected group, or an empty string. */
    get selected(): string;
    set sort(sort: Sort);
    get sort(): Sort;
    set filter(filter: string);
    get filter(): string;
    set noInvitations(hidden: boolean);
    /** Whether invitations and requests to join are hidden. */
    get noInvitations(): boolean;
    /** @param {Partial<Texts>} texts */
    set texts(texts: Partial<Texts>);
    /** @returns {Texts} */
    get texts(): Texts;
    connectedCallback(): void;
    disconnectedCallback(): void;
    /** @param {string} name @param {string | null} _old @param {string | null} value */
    attributeChangedCallback(name: string, _old: string | null, value: string | null): void;
    #private;
}
import type { GroupsClient } from "./client/client.js";
import type { Sort } from "./sidebar/order.js";
import type { Texts } from "./sidebar/texts.js";
