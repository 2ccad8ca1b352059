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
    this.#stretch();
    this.#draw(true);
    this.#measure();
  }

  /** Scrolls as little as is needed to see this row. @param {number} index */
  reveal(index) {
    const top = index * this.#rowPx;
    const { scrollTop, clientHeight } = this.#scroller;
    if (top < scrollTop) this.#scroller.scrollTop = top;
    else if (top + this.#rowPx > scrollTop + clientHeight) this.#scroller.scrollTop = top + this.#rowPx - clientHeight;
    this.scrolled();
  }

  /** Draws what has come into sight. */
  scrolled() {
    this.#draw(false);
  }

  /** @param {boolean} anew Whether what is there already may be stale. */
  #draw(anew) {
    const indexes = this.#inSight();
    const wanted = new Set(indexes.map((index) => this.#rows.key(this.#items[index])));
    // A row that has gone out of sight becomes one that has come in: making elements is what costs most.
    const free = [];
    for (const [key, element] of this.#shown) {
      if (wanted.has(key)) continue;
      element.remove();
      free.push(element);
      this.#shown.delete(key);
    }
    // In the document's order too, for those who read it rather than look at it. What stands right is not touched.
    let next = this.#space.firstElementChild;
    for (const index of indexes) {
      const item = this.#items[index];
      const key = this.#rows.key(item);
      let element = this.#shown.get(key);
      if (anew || !element) {
        element ??= free.pop() ?? this.#rows.create();
        this.#shown.set(key, element);
        element.style.transform = `translateY(${index * this.#rowPx}px)`;
        this.#rows.update(element, item, index);
      }
      if (element === next) next = next.nextElementSibling;
      else this.#space.insertBefore(element, next);
    }
  }

  /** The rows that can be seen, those to spare, and the active one: the first ones first. */
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

  /** The style sheet of the page may have another height in mind. Not at each scroll: it makes the browser lay everything out. */
  #measure() {
    const [element] = this.#shown.values();
    const px = element?.offsetHeight ?? 0;
    if (px !== 0 && px !== this.#rowPx) {
      this.#rowPx = px;
      this.#stretch();
      this.#draw(true);
    }
  }

  /** As high as all rows together. */
  #stretch() {
    const height = `${this.#items.length * this.#rowPx}px`;
    if (this.#space.style.height !== height) this.#space.style.height = height;
  }
}
