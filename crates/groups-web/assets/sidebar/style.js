/** The style sheet of the sidebar. Pages customize it through custom properties and parts only. */

/** @type {string} */
export const STYLE = `
:host {
  --_background: var(--groups-background, light-dark(#f7f8fa, #15181d));
  --_surface: var(--groups-surface, light-dark(#ffffff, #1e2229));
  --_text: var(--groups-text, light-dark(#1a1f28, #e8eaee));
  --_muted: var(--groups-muted, light-dark(#5a6372, #a0a8b5));
  --_border: var(--groups-border, light-dark(#e2e5ea, #2c323b));
  --_accent: var(--groups-accent, light-dark(#2f5fb3, #8fb4ff));
  --_accent-text: var(--groups-accent-text, light-dark(#ffffff, #0e1420));
  --_selected: var(--groups-selected, light-dark(#e3ebf8, #26324a));
  --_hover: var(--groups-hover, light-dark(#eceff3, #20252d));
  --_highlight: var(--groups-highlight, light-dark(#fff3cf, #3a3218));
  --_radius: var(--groups-radius, 10px);
  --_row: var(--groups-row-height, 60px);
  display: block;
  min-height: 0;
  min-width: 0;
  overflow: hidden;
  contain: layout style;
}
.root {
  display: flex;
  flex-direction: column;
  height: 100%;
  /* Without a height set by the page, it is as tall as its list, up to the viewport. */
  max-height: 100dvh;
  background: var(--_background);
  color: var(--_text);
  font: var(--groups-font, 15px/1.4 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif);
  /* Resets inherited text properties. Sizes are in em and px, because rem depends on the page. */
  letter-spacing: normal;
  word-spacing: normal;
  text-align: start;
  text-indent: 0;
  text-transform: none;
  white-space: normal;
}
:host([hidden]) { display: none; }
:host([theme="light"]) { color-scheme: light; }
:host([theme="dark"]) { color-scheme: dark; }
:host([theme="auto"]) { color-scheme: light dark; }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
.unseen {
  position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}

.header { display: flex; align-items: center; gap: 8px; padding: 15px 15px 8px; min-height: 52px; }
h2 { margin: 0; font-size: 1.05em; font-weight: 650; letter-spacing: -.01em; }
.total {
  font-size: .8em; font-variant-numeric: tabular-nums; color: var(--_muted);
  padding: 1px 8px; border-radius: 99px; background: var(--_hover);
}
.actions { margin-inline-start: auto; display: flex; gap: 4px; }

.tools { display: flex; gap: 8px; padding: 4px 15px 11px; }
input, select {
  font: inherit; font-size: .9em; color: inherit; background: var(--_surface);
  border: 1px solid var(--_border); border-radius: calc(var(--_radius) - 2px); height: 34px; min-width: 0;
}
input { flex: 1; padding: 0 11px; }
input::placeholder { color: var(--_muted); opacity: 1; }
select { padding: 0 8px; max-width: 128px; }
:is(input, select, button, li):focus-visible { outline: 2px solid var(--_accent); outline-offset: 1px; }

.waiting {
  flex: 0 1 auto; min-height: 0; max-height: 45dvh; overflow-y: auto; overscroll-behavior: contain; scrollbar-width: thin;
  padding: 0 15px; border-bottom: 1px solid var(--_border);
}
/* Some groups stay visible, however many invitations there are. */
.waiting:not([hidden]) + .body { min-height: calc(2 * var(--_row)); }
h3 { margin: 4px 0; font-size: .82em; font-weight: 600; color: var(--_muted); }
ul { margin: 0; padding: 0; list-style: none; }
li { display: grid; grid-template-columns: 36px 1fr; gap: 4px 11px; padding: 4px 0 11px; }
li .meta { white-space: normal; }
.answers { grid-column: 2; display: flex; flex-wrap: wrap; gap: 8px; }
:is(.answers, .note) button {
  font: inherit; font-weight: 550; padding: 6px 14px; border-radius: calc(var(--_radius) - 2px); cursor: pointer;
  border: 1px solid var(--_border); background: var(--_surface); color: var(--_text);
}
.answers button { font-size: .85em; padding: 3px 11px; }
.answers [name=accept] { background: var(--_accent); border-color: var(--_accent); color: var(--_accent-text); }
.answers [aria-disabled=true] { cursor: progress; opacity: .65; }
.problem { grid-column: 2; margin: 0; font-size: .82em; color: light-dark(#b02a2a, #f79a9a); overflow-wrap: anywhere; }
.rest { margin: 0; padding-bottom: 11px; font-size: .82em; color: var(--_muted); }

.body { position: relative; flex: 1; min-height: 0; display: flex; flex-direction: column; }
.list { flex: 1; min-height: 0; overflow-y: auto; overscroll-behavior: contain; outline: none; padding: 0 8px; scrollbar-width: thin; }
.space { position: relative; }

.row {
  position: absolute; inset-inline: 0; top: 0; height: var(--_row); padding: 0 8px;
  display: flex; align-items: center; gap: 11px; border-radius: var(--_radius); cursor: pointer; contain: strict;
  user-select: none; -webkit-user-select: none;
}
.row:hover { background: var(--_hover); }
.row.selected { background: var(--_selected); }
.list:focus-visible .row.active { outline: 2px solid var(--_accent); outline-offset: -2px; }
.row.fresh { animation: arrive 2.4s ease-out; }
.row.pending { opacity: .65; cursor: progress; }
@keyframes arrive { from { background: var(--_highlight); } 40% { background: var(--_highlight); } }

.avatar {
  flex: none; width: 36px; height: 36px; border-radius: 30%; display: grid; place-items: center;
  font-size: .85em; font-weight: 600; letter-spacing: .02em;
  background: light-dark(hsl(var(--hue) 55% 88%), hsl(var(--hue) 30% 28%));
  color: light-dark(hsl(var(--hue) 60% 25%), hsl(var(--hue) 70% 88%));
}
.text { flex: 1; min-width: 0; display: grid; gap: 1px; }
.name { font-weight: 550; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; text-align: start; }
.meta { color: var(--_muted); font-size: .82em; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-variant-numeric: tabular-nums; }
.role.owner, .role.admin { color: var(--_text); }
.separator { margin-inline: .35em; }
.badge {
  flex: none; font-size: .72em; font-weight: 600; padding: 1.5px 8px; border-radius: 99px;
  background: var(--_accent); color: var(--_accent-text);
}
.pending .badge { background: none; color: var(--_muted); font-weight: 500; padding: 0; }

.note { padding: 38px 22px; text-align: center; color: var(--_muted); display: grid; gap: 8px; justify-items: center; text-wrap: balance; }
.note strong { color: var(--_text); font-weight: 600; overflow-wrap: anywhere; }
.note button { margin-top: 8px; }
.skeleton { padding: 0 15px; }
.bone { display: flex; align-items: center; gap: 11px; height: var(--_row); animation: breathe 1.6s ease-in-out infinite alternate; }
.bone i { display: block; background: var(--_hover); border-radius: 6px; height: 12px; }
.bone i:first-child { width: 36px; height: 36px; border-radius: 30%; }
.bone i:last-child { width: 55%; }
.bone:nth-child(3n) i:last-child { width: 40%; }
.bone:nth-child(3n + 1) i:last-child { width: 65%; }
@keyframes breathe { to { opacity: .45; } }

.status {
  display: flex; align-items: center; gap: 8px; padding: 9px 15px; font-size: .82em; color: var(--_muted);
  border-top: 1px solid var(--_border); min-height: 38px;
}
.dot { flex: none; width: 8px; height: 8px; border-radius: 50%; background: var(--dot); }
.status { --dot: light-dark(#8b93a1, #7b8492); }
.status[data-state="live"] { --dot: light-dark(#1f9d55, #42c883); }
.status:is([data-state="connecting"], [data-state="reconnecting"]) { --dot: light-dark(#c98a06, #e5b13c); }
.status:is([data-state="connecting"], [data-state="reconnecting"]) .dot { animation: breathe .7s ease-in-out infinite alternate; }
.status:is([data-state="signed-out"]) { --dot: light-dark(#c53b3b, #f07575); }
.countdown { font-variant-numeric: tabular-nums; }
@media (prefers-reduced-motion: reduce) { *, .row.fresh { animation: none !important; } }
@media (forced-colors: active) {
  .row.selected { outline: 2px solid Highlight; outline-offset: -2px; }
  .dot { forced-color-adjust: none; }
}
`;
