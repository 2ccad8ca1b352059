/**
 * @template Item
 * @typedef {object} Rows
 * @property {(item: Item) => string} key
 * @property {() => HTMLElement} create
 * @property {(element: HTMLElement, item: Item, index: number) => void} update
 */
/** @template Item */
export class RowWindow<Item> {
    /** @param {HTMLElement} scroller @param {HTMLElement} space @param {Rows<Item>} rows */
    constructor(scroller: HTMLElement, space: HTMLElement, rows: Rows<Item>);
    /** Rows that Page Up and Page Down move by. */
    get pageRows(): number;
    /** @param {readonly Item[]} items @param {number} kept */
    show(items: readonly Item[], kept: number): void;
    /** Scrolls as little as necessary to show this row. @param {number} index */
    reveal(index: number): void;
    /** Draws rows that scrolling has made visible. */
    scrolled(): void;
    #private;
}
export type Rows<Item> = {
    key: (item: Item) => string;
    create: () => HTMLElement;
    update: (element: HTMLElement, item: Item, index: number) => void;
};
