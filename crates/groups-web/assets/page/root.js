/** Where the page is: the root of the server, and the link with which it was opened. */

/** The root of the server, with a slash at the end; `v1/…` is below it. The page at `join/…` has it as its base URL. */
export const root = new URL(".", document.baseURI);
root.search = "";
root.hash = "";

/** The path of links below the root. */
const JOIN = "join/";

/** The token of the link with which the page was opened; empty if it was not opened with a link. */
export function openedToken() {
  const { pathname } = location;
  return pathname.startsWith(root.pathname + JOIN) ? pathname.slice((root.pathname + JOIN).length) : "";
}

/** The link with this token. @param {string} token */
export const linkOf = (token) => new URL(JOIN + token, root).href;

/** The link has done its work: a reload shows the user's groups. */
export function leaveLink() {
  if (openedToken()) history.replaceState(null, "", root);
}
