export class TypeAhead {
    /** Whether a search is in progress, so that a space belongs to it. @param {number} now milliseconds */
    searching(now: number): boolean;
    /**
     * Adds one letter and returns the index of the matching name, or -1.
     * @param {string} letter
     * @param {readonly { name: string }[]} rows
     * @param {number} from the active row, or -1
     * @param {number} now milliseconds
     */
    type(letter: string, rows: readonly {
        name: string;
    }[], from: number, now: number): number;
    #private;
}
