/** The style sheet of `<groups-members>`: what it adds to that of the sidebar. */

import { STYLE as SIDEBAR } from "../sidebar/style.js";

/** @type {string} */
export const STYLE = `${SIDEBAR}
.row { cursor: default; outline: none; }
.row:focus-visible { outline: 2px solid var(--_accent); outline-offset: -2px; }
.row.busy { opacity: .65; }
.who { flex: 1; min-width: 0; display: flex; align-items: center; gap: 11px; }
.you { flex: none; font-size: .82em; color: var(--_muted); margin-inline-start: .45em; font-weight: 400; }
.role { flex: none; font-size: .82em; color: var(--_muted); padding-inline: 8px; }
.role select { font-size: 1.1em; color: var(--_text); }
button { font: inherit; color: inherit; cursor: pointer; }
.remove { width: 32px; height: 32px; border: 0; border-radius: 50%; background: none; color: var(--_muted); font-size: 1.15em; line-height: 1; }
.remove:hover { background: var(--_background); color: var(--_text); }
.add { display: flex; flex-wrap: wrap; gap: 8px; padding: 0 15px 11px; }
.add input { flex: 1 1 9em; }
.add-submit, .more, .confirm button {
  font-weight: 550; font-size: .9em; height: 34px; padding: 0 14px; border-radius: calc(var(--_radius) - 2px);
  border: 1px solid var(--_border); background: var(--_surface); color: var(--_text);
}
.more { margin: 8px 15px; flex: none; }
:is(.said, .partly) { margin: 0; padding: 0 15px 8px; font-size: .86em; color: var(--_muted); }
.said.problem { color: light-dark(#a32b2b, #ff9c9c); }
.confirm {
  color: var(--_text); background: var(--_surface); border: 1px solid var(--_border); border-radius: var(--_radius);
  padding: 22px; max-width: min(26em, 90vw); font: inherit;
}
.confirm::backdrop { background: rgb(0 0 0 / .4); }
.confirm p { margin: 0 0 18px; overflow-wrap: anywhere; }
.confirm div { display: flex; justify-content: flex-end; gap: 8px; flex-wrap: wrap; }
.confirm .submit { background: var(--_accent); color: var(--_accent-text); border-color: transparent; }
`;
