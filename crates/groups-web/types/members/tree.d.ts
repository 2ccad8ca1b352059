/** Builds the shadow tree. */
export function build(): {
    root: HTMLElement;
    title: HTMLHeadingElement;
    total: HTMLSpanElement;
    tools: HTMLDivElement;
    filter: HTMLInputElement;
    add: HTMLFormElement;
    addIds: HTMLInputElement;
    addRole: HTMLSelectElement;
    addSubmit: HTMLButtonElement;
    said: HTMLParagraphElement;
    partly: HTMLParagraphElement;
    list: HTMLDivElement;
    space: HTMLDivElement;
    skeleton: HTMLDivElement;
    loading: HTMLSpanElement;
    note: HTMLDivElement;
    noteText: HTMLElement;
    noteReason: HTMLSpanElement;
    retry: HTMLButtonElement;
    more: HTMLButtonElement;
    confirm: HTMLDialogElement;
    question: HTMLParagraphElement;
    cancel: HTMLButtonElement;
    submit: HTMLButtonElement;
    news: HTMLDivElement;
    problem: HTMLDivElement;
};
/** Sets all translatable texts except those of the rows and the note. @param {MemberTree} dom @param {MemberTexts} texts */
export function label(dom: MemberTree, texts: MemberTexts): void;
/** Offers these roles. Keeps the chosen one if it is among them. @param {HTMLSelectElement} select @param {readonly Role[]} roles @param {MemberTexts} texts */
export function offer(select: HTMLSelectElement, roles: readonly Role[], texts: MemberTexts): void;
export function createRow(): HTMLDivElement;
/**
 * @typedef {object} RowState
 * @property {Role} role The displayed role.
 * @property {readonly Role[]} roles What the role can be changed to, and the role itself; empty if it cannot be changed.
 * @property {boolean} removable
 * @property {boolean} self
 * @property {boolean} active Whether Tab moves into this row.
 * @property {boolean} busy Whether a change of this member is under way.
 * @property {string} joined
 * @property {number} position
 * @property {MemberTexts} texts
 */
/** @param {HTMLElement} row made by {@link createRow} @param {Member} member @param {RowState} state */
export function updateRow(row: HTMLElement, member: Member, { role, roles, removable, self, active, busy, joined, position, texts }: RowState): void;
export function shownName({ name, user_id }: {
    user_id: string;
    name?: string;
}): string;
export function rowOf(inside: EventTarget | null | undefined): HTMLElement | null;
export type RowState = {
    /**
     * The displayed role.
     */
    role: Role;
    /**
     * What the role can be changed to, and the role itself; empty if it cannot be changed.
     */
    roles: readonly Role[];
    removable: boolean;
    self: boolean;
    /**
     * Whether Tab moves into this row.
     */
    active: boolean;
    /**
     * Whether a change of this member is under way.
     */
    busy: boolean;
    joined: string;
    position: number;
    texts: MemberTexts;
};
export type MemberTree = ReturnType<typeof build>;
import type { MemberTexts } from "./texts.js";
import type { Role } from "../../types/wire.js";
import type { Member } from "../../types/wire.js";
