/** A typed event emitter without the DOM. */
/** @typedef {{ listener: (detail: any, name: any) => void, off: () => void, call: (detail: any, name: any) => void }} Entry */
/**
 * @template {Record<string, any>} Events
 */
export class Emitter<Events extends Record<string, any>> {
    /**
     * Calls `listener` for each event of that name, until it is removed or `signal` is aborted. `"*"` matches every event.
     * @template {keyof Events} Name
     * @param {Name | "*"} name
     * @param {(detail: Events[Name], name: Name) => void} listener
     * @param {{ signal?: AbortSignal, once?: boolean }} [options]
     * @returns {() => void} removes the listener
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
     * Removes `listener`, however often it was added.
     * @template {keyof Events} Name
     * @param {Name | "*"} name
     * @param {(detail: Events[Name], name: Name) => void} listener
     */
    off<Name extends keyof Events>(name: Name | "*", listener: (detail: Events[Name], name: Name) => void): void;
    /**
     * Calls all listeners. An exception in one is reported and does not affect the others.
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
