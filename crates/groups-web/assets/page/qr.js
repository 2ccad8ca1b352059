/**
 * QR codes (ISO/IEC 18004): byte mode, error correction level M, versions 1 to 10, which is enough for a link.
 *
 * @typedef {{ size: number, version: number, mask: number, isDark: (x: number, y: number) => boolean }} QrCode `size` in modules, without the quiet zone.
 */

import { codewords } from "./qr/codewords.js";
import { penalty } from "./qr/penalty.js";

/** The longest text, in bytes of UTF-8: what version 10 holds. */
export const BYTES_MAX = 213;
/** The light margin that readers need on each side, in modules. */
export const QUIET_ZONE = 4;

/** Whether a mask inverts the module at this place (table 10). @type {((x: number, y: number) => boolean)[]} */
const MASKS = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(y / 2) + Math.floor(x / 3)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

/** Generator polynomials of the BCH codes, and what hides an empty format (annexes C and D). */
const FORMAT_GENERATOR = 0x537;
const FORMAT_MASK = 0x5412;
const VERSION_GENERATOR = 0x1f25;
/** Smaller symbols do not state their version. */
const STATED_VERSION_MIN = 7;

/**
 * @param {string} text
 * @param {number} [mask] Default: the mask with the least penalty.
 * @returns {QrCode | null} `null` if the text is longer than {@link BYTES_MAX}.
 */
export function qrCode(text, mask) {
  const encoded = codewords(new TextEncoder().encode(text));
  if (!encoded) return null;
  const candidates = (mask === undefined ? [...MASKS.keys()] : [mask]).map((each) => new Matrix(encoded.version, encoded.bytes, each));
  const scored = candidates.map((matrix) => ({ matrix, score: penalty(matrix.size, matrix.isDark) }));
  const { matrix } = scored.reduce((best, other) => (other.score < best.score ? other : best));
  return { size: matrix.size, version: encoded.version, mask: matrix.mask, isDark: matrix.isDark };
}

/** The modules of a symbol. */
class Matrix {
  #dark;
  /** The modules of the patterns, which hold no data and are not masked. */
  #reserved;
  size;
  mask;

  /** @param {number} version @param {Uint8Array} bytes data and error correction @param {number} mask */
  constructor(version, bytes, mask) {
    this.size = 17 + 4 * version;
    this.mask = mask;
    this.#dark = new Uint8Array(this.size ** 2);
    this.#reserved = new Uint8Array(this.size ** 2);
    this.#timing();
    this.#finders();
    this.#alignment(version);
    this.#format();
    if (version >= STATED_VERSION_MIN) this.#version(version);
    this.#data(bytes);
  }

  isDark = (/** @type {number} */ x, /** @type {number} */ y) => this.#dark[y * this.size + x] === 1;

  /** @param {number} x @param {number} y @param {boolean} dark */
  #set(x, y, dark) {
    this.#dark[y * this.size + x] = Number(dark);
    this.#reserved[y * this.size + x] = 1;
  }

  #timing() {
    for (let at = 0; at < this.size; at += 1) {
      this.#set(at, 6, at % 2 === 0);
      this.#set(6, at, at % 2 === 0);
    }
  }

  /** The squares in three corners, with their light margins. */
  #finders() {
    const far = this.size - 4;
    for (const [left, top] of [[3, 3], [far, 3], [3, far]]) {
      for (let dy = -4; dy <= 4; dy += 1) {
        for (let dx = -4; dx <= 4; dx += 1) {
          const [x, y] = [left + dx, top + dy];
          const ring = Math.max(Math.abs(dx), Math.abs(dy));
          if (x >= 0 && y >= 0 && x < this.size && y < this.size) this.#set(x, y, ring !== 2 && ring !== 4);
        }
      }
    }
  }

  /** The small squares (annex E), except where there are large ones. @param {number} version */
  #alignment(version) {
    const last = this.size - 7;
    const places = version === 1 ? [] : version < 7 ? [6, last] : [6, (6 + last) / 2, last];
    for (const top of places) {
      for (const left of places) {
        const corner = (left === 6 && top === 6) || (left === 6 && top === last) || (left === last && top === 6);
        if (corner) continue;
        for (let dy = -2; dy <= 2; dy += 1) {
          for (let dx = -2; dx <= 2; dx += 1) this.#set(left + dx, top + dy, Math.max(Math.abs(dx), Math.abs(dy)) !== 1);
        }
      }
    }
  }

  /** Level M, which is 0, and the mask: twice, because the symbol cannot be read without it. */
  #format() {
    const bits = withCheck(this.mask, FORMAT_GENERATOR, 10) ^ FORMAT_MASK;
    const { size } = this;
    for (let at = 0; at < 15; at += 1) {
      const dark = ((bits >> at) & 1) === 1;
      // Down the eighth column around the upper left corner, then to the left. The timing patterns are in between.
      if (at < 8) this.#set(8, at < 6 ? at : at + 1, dark);
      else this.#set(at === 8 ? 7 : 14 - at, 8, dark);
      // From the upper right corner to the left, then down to the lower left corner.
      if (at < 8) this.#set(size - 1 - at, 8, dark);
      else this.#set(8, size - 15 + at, dark);
    }
    this.#set(8, size - 8, true);
  }

  /** @param {number} version */
  #version(version) {
    const bits = withCheck(version, VERSION_GENERATOR, 12);
    for (let at = 0; at < 18; at += 1) {
      const [near, far] = [Math.floor(at / 3), this.size - 11 + (at % 3)];
      const dark = ((bits >> at) & 1) === 1;
      this.#set(near, far, dark);
      this.#set(far, near, dark);
    }
  }

  /** Fills pairs of columns from the right, up and down in turn. @param {Uint8Array} bytes */
  #data(bytes) {
    const isInverted = MASKS[this.mask];
    let bit = 0;
    let up = true;
    for (let right = this.size - 1; right > 0; right -= 2) {
      // The timing pattern takes a whole column.
      if (right === 6) right = 5;
      for (let step = 0; step < this.size; step += 1) {
        const y = up ? this.size - 1 - step : step;
        for (const x of [right, right - 1]) {
          if (this.#reserved[y * this.size + x]) continue;
          // The few modules that remain at the end are 0.
          const value = ((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1;
          this.#dark[y * this.size + x] = value ^ Number(isInverted(x, y));
          bit += 1;
        }
      }
      up = !up;
    }
  }
}

/** A value followed by the remainder of its division by a generator polynomial. @param {number} value @param {number} generator @param {number} degree */
function withCheck(value, generator, degree) {
  let rest = value << degree;
  for (let bit = 31 - Math.clz32(rest); rest >> degree !== 0; bit = 31 - Math.clz32(rest)) rest ^= generator << (bit - degree);
  return (value << degree) | rest;
}
