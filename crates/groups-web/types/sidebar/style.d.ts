/** How the sidebar looks. Everything that is meant to be changed from outside is a custom property or a part. */
/** @type {string} */
export const STYLE: string;
