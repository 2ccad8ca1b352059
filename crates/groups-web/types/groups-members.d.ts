export class GroupsMembers extends HTMLElement {
    static observedAttributes: string[];
    set client(client: GroupsClient | null);
    get client(): GroupsClient | null;
    set groupId(id: string);
    /** The id of the group, or an empty string. */
    get groupId(): string;
    set manage(manage: boolean);
    /** Whether the actions that the user's role allows are shown. */
    get manage(): boolean;
    set filter(filter: string);
    get filter(): string;
    /** @param {Partial<MemberTexts>} texts */
    set texts(texts: Partial<MemberTexts>);
    /** @returns {MemberTexts} */
    get texts(): MemberTexts;
    connectedCallback(): void;
    disconnectedCallback(): void;
    /** @param {string} name @param {string | null} _old @param {string | null} value */
    attributeChangedCallback(name: string, _old: string | null, value: string | null): void;
    #private;
}
import type { GroupsClient } from "./client/client.js";
import type { MemberTexts } from "./members/texts.js";
