/** @type {string} */
export const STYLE: string;
