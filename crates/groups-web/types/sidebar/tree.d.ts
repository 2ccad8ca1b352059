/** The shadow tree. */
export function build(): {
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
import type { ListedGroup } from "../client/pending.js";
import type { Texts } from "./texts.js";
