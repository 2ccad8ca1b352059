/** The bytes of a QR code: the text, padding, and error correction by Reed and Solomon (ISO/IEC 18004, clause 7.4 to 7.6). */

/** Versions 1 to 10 at level M (table 9): codewords in total, error correction codewords of each block, blocks. */
const VERSIONS = [
  [26, 10, 1],
  [44, 16, 1],
  [70, 26, 1],
  [100, 18, 2],
  [134, 24, 2],
  [172, 16, 4],
  [196, 18, 4],
  [242, 22, 4],
  [292, 22, 5],
  [346, 26, 5],
];
const BYTE_MODE = 0b0100;
/** They alternate. */
const PADDING = [0xec, 0x11];
/** The primitive polynomial of the field GF(256). */
const PRIMITIVE = 0x11d;

/**
 * The smallest version that holds the text, and its codewords in the order in which they are placed.
 * @param {Uint8Array} text
 * @returns {{ version: number, bytes: Uint8Array } | null} `null` if it is too long
 */
export function codewords(text) {
  for (const [index, [total, check, blocks]] of VERSIONS.entries()) {
    const version = index + 1;
    const data = total - check * blocks;
    // 4 bits for the mode, then the length.
    const lengthBits = version < 10 ? 8 : 16;
    if (4 + lengthBits + 8 * text.length > 8 * data) continue;
    return { version, bytes: interleaved(padded(text, lengthBits, data), { total, check, blocks }) };
  }
  return null;
}

/** @param {Uint8Array} text @param {number} lengthBits @param {number} size in bytes */
function padded(text, lengthBits, size) {
  const bytes = new Uint8Array(size);
  let at = 0;
  const put = (/** @type {number} */ value, /** @type {number} */ bits) => {
    for (let bit = bits - 1; bit >= 0; bit -= 1, at += 1) bytes[at >> 3] |= ((value >> bit) & 1) << (7 - (at & 7));
  };
  put(BYTE_MODE, 4);
  put(text.length, lengthBits);
  for (const byte of text) put(byte, 8);
  // The end is 4 zeros, if there is room, and then zeros up to a whole byte.
  const used = Math.ceil(Math.min(at + 4, 8 * size) / 8);
  for (let index = used; index < size; index += 1) bytes[index] = PADDING[(index - used) % 2];
  return bytes;
}

/** Splits the data into blocks, the shorter ones first, and takes a byte of each in turn. @param {Uint8Array} data @param {{ total: number, check: number, blocks: number }} layout */
function interleaved(data, { total, check, blocks }) {
  const generator = generatorOf(check);
  const short = Math.floor(data.length / blocks);
  const longer = data.length % blocks;
  const parts = Array.from({ length: blocks }, (_, block) => {
    const start = block * short + Math.max(0, block - (blocks - longer));
    return data.subarray(start, start + short + Number(block >= blocks - longer));
  });
  const checks = parts.map((part) => remainder(part, generator));
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const columns of [parts, checks]) {
    const longest = Math.max(...columns.map(({ length }) => length));
    for (let index = 0; index < longest; index += 1) {
      for (const column of columns) if (index < column.length) bytes[at++] = column[index];
    }
  }
  return bytes;
}

// ---- Polynomials over GF(256), highest degree first ----

/** @param {number} a @param {number} b */
function times(a, b) {
  let product = 0;
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ (product >> 7 ? PRIMITIVE : 0);
    if ((b >> bit) & 1) product ^= a;
  }
  return product;
}

/** The product of (x − 2⁰) … (x − 2ⁿ⁻¹), without the leading 1. @param {number} degree */
function generatorOf(degree) {
  const factors = new Uint8Array(degree);
  factors[degree - 1] = 1;
  for (let power = 0, root = 1; power < degree; power += 1, root = times(root, 2)) {
    for (let index = 0; index < degree; index += 1) factors[index] = times(factors[index], root) ^ (factors[index + 1] ?? 0);
  }
  return factors;
}

/** @param {Uint8Array} data @param {Uint8Array} generator */
function remainder(data, generator) {
  const rest = new Uint8Array(generator.length);
  for (const byte of data) {
    const factor = byte ^ rest[0];
    rest.copyWithin(0, 1);
    rest[rest.length - 1] = 0;
    for (const [index, coefficient] of generator.entries()) rest[index] ^= times(coefficient, factor);
  }
  return rest;
}
