/** The style sheet of the sidebar. Pages customize it through custom properties and parts only. */
/** @type {string} */
export const STYLE: string;
