export class NextFrame {
    /** @param {() => void} call */
    constructor(call: () => void);
    ask(): void;
    cancel(): void;
    #private;
}
