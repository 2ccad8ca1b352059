/** Builds the shadow tree. @param {HTMLElement} waiting the invitations and requests to join */
export function build(waiting: HTMLElement): {
    root: HTMLElement;
    title: HTMLHeadingElement;
    total: HTMLSpanElement;
    tools: HTMLDivElement;
    filter: HTMLInputElement;
    sort: HTMLSelectElement;
    list: HTMLDivElement;
    space: HTMLDivElement;
    skeleton: HTMLDivElement;
    loading: HTMLSpanElement;
    note: HTMLDivElement;
    noteTitle: HTMLElement;
    noteText: HTMLSpanElement;
    hint: HTMLSlotElement;
    emptyHint: HTMLSpanElement;
    retry: HTMLButtonElement;
    status: HTMLDivElement;
    stateText: HTMLSpanElement;
    countdown: HTMLSpanElement;
    news: HTMLDivElement;
};
/** Sets all translatable texts except those of the rows and the note. @param {Tree} dom @param {Texts} texts */
export function label(dom: Tree, texts: Texts): void;
/**
 * Says why there are no rows.
 * @param {Tree} dom
 * @param {{ failed: boolean, status: Readonly<Status> | undefined, filter: string, texts: Texts }} why
 */
export function note(dom: Tree, { failed, status, filter, texts }: {
    failed: boolean;
    status: Readonly<Status> | undefined;
    filter: string;
    texts: Texts;
}): void;
export function createRow(): HTMLDivElement;
/**
 * @param {HTMLElement} row made by {@link createRow}
 * @param {ListedGroup} group
 * @param {{ states: Record<"selected" | "fresh" | "pending" | "active", boolean>, texts: Texts, position: number, size: number }} how
 */
export function updateRow(row: HTMLElement, group: ListedGroup, { states, texts, position, size }: {
    states: Record<"selected" | "fresh" | "pending" | "active", boolean>;
    texts: Texts;
    position: number;
    size: number;
}): void;
export function rowOf(event: Event): Element | null;
export type Tree = ReturnType<typeof build>;
import type { Texts } from "./texts.js";
import type { Status } from "../client/link.js";
import type { ListedGroup } from "../client/pending.js";
