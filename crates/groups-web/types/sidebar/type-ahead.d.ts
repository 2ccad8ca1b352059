export class TypeAhead {
    /** Whether a search is under way, of which a space would be a part. @param {number} now milliseconds */
    searching(now: number): boolean;
    /**
     * One letter more: the index of the name that it leads to, or -1.
     * @param {string} letter
     * @param {readonly { name: string }[]} rows
     * @param {number} from where the keyboard is, or -1
     * @param {number} now milliseconds
     */
    type(letter: string, rows: readonly {
        name: string;
    }[], from: number, now: number): number;
    #private;
}
