/** A virtualized list: only visible rows are in the document. All rows have the same height. */

/** Rows rendered beyond each edge of the viewport. */
const SPARE_ROWS = 6;
/** The assumed row height in pixels, until it can be measured. */
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
  /** The index of the active row, which stays in the document even when it is not visible. */
  #kept = -1;

  /** @param {HTMLElement} scroller @param {HTMLElement} space @param {Rows<Item>} rows */
  constructor(scroller, space, rows) {
    this.#scroller = scroller;
    this.#space = space;
    this.#rows = rows;
  }

  /** Rows that Page Up and Page Down move by. */
  get pageRows() {
    return Math.max(1, Math.floor(this.#scroller.clientHeight / this.#rowPx) - 1);
  }

  /** @param {readonly Item[]} items @param {number} kept */
  show(items, kept) {
    this.#items = items;
    this.#kept = kept;
    this.#stretch();
    this.#draw(true);
    this.#measure();
  }

  /** Scrolls as little as necessary to show this row. @param {number} index */
  reveal(index) {
    const top = index * this.#rowPx;
    const { scrollTop, clientHeight } = this.#scroller;
    if (top < scrollTop) this.#scroller.scrollTop = top;
    else if (top + this.#rowPx > scrollTop + clientHeight) this.#scroller.scrollTop = top + this.#rowPx - clientHeight;
    this.scrolled();
  }

  /** Draws rows that scrolling has made visible. */
  scrolled() {
    this.#draw(false);
  }

  /** @param {boolean} stale Whether rows that are already drawn must be updated. */
  #draw(stale) {
    const indexes = this.#inSight();
    const wanted = new Set(indexes.map((index) => this.#rows.key(this.#items[index])));
    // Reuse the elements of rows that are no longer visible: creating elements is the expensive part.
    const free = [];
    for (const [key, element] of this.#shown) {
      if (wanted.has(key)) continue;
      element.remove();
      free.push(element);
      this.#shown.delete(key);
    }
    // Keep the document order correct for screen readers. Do not touch rows that are already in place.
    let next = this.#space.firstElementChild;
    for (const index of indexes) {
      const item = this.#items[index];
      const key = this.#rows.key(item);
      let element = this.#shown.get(key);
      if (stale || !element) {
        element ??= free.pop() ?? this.#rows.create();
        this.#shown.set(key, element);
        element.style.transform = `translateY(${index * this.#rowPx}px)`;
        this.#rows.update(element, item, index);
      }
      if (element === next) next = next.nextElementSibling;
      else this.#space.insertBefore(element, next);
    }
  }

  /** The indexes of the visible rows, the spare rows and the active row, in ascending order. */
  #inSight() {
    const count = this.#items.length;
    const { scrollTop, clientHeight } = this.#scroller;
    const first = Math.max(0, Math.floor(scrollTop / this.#rowPx) - SPARE_ROWS);
    const last = Math.min(count - 1, Math.ceil((scrollTop + clientHeight) / this.#rowPx) + SPARE_ROWS);
    const indexes = [];
    for (let index = first; index <= last; index += 1) indexes.push(index);
    if (this.#kept >= 0 && this.#kept < first) indexes.unshift(this.#kept);
    else if (this.#kept > last && this.#kept < count) indexes.push(this.#kept);
    return indexes;
  }

  /** Measures the row height, which the page may set. Not on every scroll, because it forces a layout. */
  #measure() {
    const [element] = this.#shown.values();
    const px = element?.offsetHeight ?? 0;
    if (px !== 0 && px !== this.#rowPx) {
      this.#rowPx = px;
      this.#stretch();
      this.#draw(true);
    }
  }

  /** Sets the total height of all rows. */
  #stretch() {
    const height = `${this.#items.length * this.#rowPx}px`;
    if (this.#space.style.height !== height) this.#space.style.height = height;
  }
}
