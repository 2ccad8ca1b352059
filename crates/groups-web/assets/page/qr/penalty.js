/** How hard a QR code is to read, as the standard estimates it to choose a mask (ISO/IEC 18004, clause 7.8.3). */

const RUN_MIN = 5;
const RUN_POINTS = 3;
const BLOCK_POINTS = 3;
const FINDER_POINTS = 40;
const BALANCE_POINTS = 10;

/** What looks like a part of a finder pattern, with its light margin on one side. */
const FINDERS = ["10111010000", "00001011101"];

/** @param {number} size @param {(x: number, y: number) => boolean} isDark */
export function penalty(size, isDark) {
  const indices = [...Array(size).keys()];
  const rows = indices.map((y) => indices.map((x) => (isDark(x, y) ? "1" : "0")).join(""));
  const columns = indices.map((x) => rows.map((row) => row[x]).join(""));
  const lines = [...rows, ...columns];
  const sum = (/** @type {(line: string) => number} */ points) => lines.reduce((total, line) => total + points(line), 0);
  return sum(runs) + sum(finders) + squares(rows) + balance(rows);
}

/** Five or more modules of one color in a line. @param {string} line */
function runs(line) {
  const long = (line.match(/0+|1+/g) ?? []).filter(({ length }) => length >= RUN_MIN);
  return long.reduce((points, { length }) => points + RUN_POINTS + length - RUN_MIN, 0);
}

/** @param {string} line */
function finders(line) {
  let points = 0;
  for (const pattern of FINDERS) {
    for (let at = line.indexOf(pattern); at >= 0; at = line.indexOf(pattern, at + 1)) points += FINDER_POINTS;
  }
  return points;
}

/** Two by two modules of one color; they may overlap. @param {string[]} rows */
function squares(rows) {
  let points = 0;
  for (let y = 1; y < rows.length; y += 1) {
    for (let x = 1; x < rows.length; x += 1) {
      const color = rows[y][x];
      if (rows[y][x - 1] === color && rows[y - 1][x] === color && rows[y - 1][x - 1] === color) points += BLOCK_POINTS;
    }
  }
  return points;
}

/** For each 5 % by which the share of dark modules differs from one half. @param {string[]} rows */
function balance(rows) {
  const dark = rows.reduce((count, row) => count + row.replaceAll("0", "").length, 0);
  const percent = (100 * dark) / rows.length ** 2;
  return Math.floor(Math.abs(percent - 50) / 5) * BALANCE_POINTS;
}
