/** A list of any length of which only what can be seen is in the document. All rows have one height. */

/** Rows beyond the edges that are kept ready. */
const SPARE_ROWS = 6;
/** Where the height of a row cannot be measured yet, in pixels. */
const ROW_PX = 60;

/**
 * @template Item
 * @typedef {object} Rows
 * @property {(item: Item) => string} key
 * @property {() => HTMLElement} create
 * @property {(element: HTMLElement, item: Item, index: number) => void} update
 */

/** @template Item */
export class RowWindow {
  #scroller;
  #space;
  #rows;
  /** @type {readonly Item[]} */
  #items = [];
  /** @type {Map<string, HTMLElement>} */
  #shown = new Map();
  #rowPx = ROW_PX;
  /** Kept in the document even out of sight, because it is the active one. */
  #kept = -1;

  /** @param {HTMLElement} scroller @param {HTMLElement} space @param {Rows<Item>} rows */
  constructor(scroller, space, rows) {
    this.#scroller = scroller;
    this.#space = space;
    this.#rows = rows;
  }

  /** Rows that fit at once. */
  get pageRows() {
    return Math.max(1, Math.floor(this.#scroller.clientHeight / this.#rowPx) - 1);
  }

  /** @param {readonly Item[]} items @param {number} kept */
  show(items, kept) {
    this.#items = items;
    this.#kept = kept;
    this.draw();
  }

  /** Scrolls as little as is needed to see this row. @param {number} index */
  reveal(index) {
    const top = index * this.#rowPx;
    const { scrollTop, clientHeight } = this.#scroller;
    if (top < scrollTop) this.#scroller.scrollTop = top;
    else if (top + this.#rowPx > scrollTop + clientHeight) this.#scroller.scrollTop = top + this.#rowPx - clientHeight;
    this.draw();
  }

  /** Draws what can be seen now. */
  draw() {
    const count = this.#items.length;
    this.#space.style.height = `${count * this.#rowPx}px`;
    const { scrollTop, clientHeight } = this.#scroller;
    const first = Math.max(0, Math.floor(scrollTop / this.#rowPx) - SPARE_ROWS);
    const last = Math.min(count - 1, Math.ceil((scrollTop + clientHeight) / this.#rowPx) + SPARE_ROWS);
    const indexes = [];
    for (let index = first; index <= last; index += 1) indexes.push(index);
    if (this.#kept >= 0 && this.#kept < count && (this.#kept < first || this.#kept > last)) indexes.push(this.#kept);

    const wanted = new Set(indexes.map((index) => this.#rows.key(this.#items[index])));
    for (const [key, element] of this.#shown) {
      if (wanted.has(key)) continue;
      element.remove();
      this.#shown.delete(key);
    }
    // In the document's order too, for those who read it rather than look at it. What stands right is not touched.
    let next = this.#space.firstElementChild;
    for (const index of indexes.sort((a, b) => a - b)) {
      const item = this.#items[index];
      const key = this.#rows.key(item);
      const element = this.#shown.get(key) ?? this.#rows.create();
      this.#shown.set(key, element);
      if (element === next) next = next.nextElementSibling;
      else this.#space.insertBefore(element, next);
      element.style.transform = `translateY(${index * this.#rowPx}px)`;
      this.#rows.update(element, item, index);
    }
    this.#measure();
  }

  /** The style sheet of the page may have another height in mind. */
  #measure() {
    const [element] = this.#shown.values();
    const px = element?.offsetHeight ?? 0;
    if (px === 0 || px === this.#rowPx) return;
    this.#rowPx = px;
    this.draw();
  }
}
