/** Events with typed names, without the DOM. */
/** @typedef {{ listener: (detail: any, name: any) => void, off: () => void, call: (detail: any, name: any) => void }} Entry */
/**
 * @template {Record<string, any>} Events
 */
export class Emitter<Events extends Record<string, any>> {
    /**
     * Calls `listener` at each event of that name, until it is taken off or `signal` is aborted. `"*"` is every event.
     * @template {keyof Events} Name
     * @param {Name | "*"} name
     * @param {(detail: Events[Name], name: Name) => void} listener
     * @param {{ signal?: AbortSignal, once?: boolean }} [options]
     * @returns {() => void} takes it off
     */
    on<Name extends keyof Events>(name: Name | "*", listener: (detail: Events[Name], name: Name) => void, { signal, once }?: {
        signal?: AbortSignal;
        once?: boolean;
    }): () => void;
    /**
     * @template {keyof Events} Name
     * @param {Name | "*"} name
     * @param {(detail: Events[Name], name: Name) => void} listener
     * @param {{ signal?: AbortSignal }} [options]
     * @returns {() => void}
     */
    once<Name extends keyof Events>(name: Name | "*", listener: (detail: Events[Name], name: Name) => void, options?: {
        signal?: AbortSignal;
    }): () => void;
    /**
     * Takes `listener` off, however often it was put on.
     * @template {keyof Events} Name
     * @param {Name | "*"} name
     * @param {(detail: Events[Name], name: Name) => void} listener
     */
    off<Name extends keyof Events>(name: Name | "*", listener: (detail: Events[Name], name: Name) => void): void;
    /**
     * A listener that throws is reported and does not keep the others from hearing.
     * @template {keyof Events} Name
     * @param {Name} name
     * @param {Events[Name]} detail
     * @protected
     */
    protected emit<Name extends keyof Events>(name: Name, detail: Events[Name]): void;
    #private;
}
export type Entry = {
    listener: (detail: any, name: any) => void;
    off: () => void;
    call: (detail: any, name: any) => void;
};
