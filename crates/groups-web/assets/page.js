/**
 * The page: sign-in, sidebar, one open group, inspector.
 *
 * # Hooks for tests
 * Stable `data-testid`s. Elements are in the page's own document unless the list says otherwise.
 *
 * - Sign-in: `sign-in` (form), `sign-in-name`, `sign-in-token` (if the server has no development mode, or on request), `sign-in-submit`,
 *   `sign-in-recent`, `sign-in-other` (switches between name and token, in development mode), `sign-in-problem`.
 * - Frame: `me` (text: the name; `data-user-id`), `sign-out`, `theme`, `cut`, `inspector-toggle`, `new-group`, `find-group`, `toasts`, `toast`, `toast-action`.
 * - Sidebar: `groups-sidebar` (the element). In its shadow tree: `[role=option]` (id: the group's id) with the parts `name`, `count`, `role`,
 *   `badge`; `[part=filter]`, `[part=sort]`, `[part=status]` (`data-state`: connecting, live, reconnecting, offline, signed-out).
 * - Open group: `group` (`data-group-id`), `group-title`, `group-description-text`, `own-role` (`data-role`), `member-count`, `back`, `add-members`,
 *   `edit`, `leave`, `delete`, `members`, `member` (`data-user-id`, `data-role`), `member-role`, `member-role-select`, `ban-member`, `remove-member`,
 *   `members-search`, `members-more`, `typing-input`, `typists`. `nothing-open` if no group is open; it contains `gone` if the open group has just disappeared.
 * - Access panel, for the owner and admins: `tab-members`, `tab-access`, `access-badge` (text: the number of requests to join), `access-panel`,
 *   `join-policy`; `requests`, `request` (`data-user-id`), `request-role`, `approve-request`, `decline-request`; `invitations`, `invitation`
 *   (`data-user-id`), `invite`, `withdraw-invitation`; `links`, `link` (`data-link-id`, `data-state`: usable, expired, used-up), `link-state`,
 *   `link-uses`, `create-link`, `revoke-link`, `revoke-links`; `bans`, `banned` (`data-user-id`), `ban`, `lift-ban`. Below each list: `…-more`.
 * - Access dialogs: `invite-dialog` (`invitation-expiry`), `ban-dialog` (`ban-reason`), `link-dialog` (`link-role`, `link-expiry`, `link-uses-max`,
 *   `link-approval`), `new-link-dialog` (`link-url`, `link-copy`, `link-copied`, `link-qr`), `revoke-links-dialog`.
 * - Directory: `directory-dialog`, `directory-query`, `directory-list`, `directory-result` (`data-group-id`, `data-standing`: member, invited,
 *   requested, none), `directory-join`, `directory-ask`, `join-message`, `directory-send`, `directory-cancel`, `directory-withdraw`,
 *   `directory-open`, `directory-more`, `directory-state`.
 * - Page of a link: `join-page` (`data-state`: loading, none, invited, requested, member, unknown, failed), `join-name`, `join-count`,
 *   `join-message`, `join`, `join-withdraw`, `join-open`, `join-leave`, `join-retry`, `join-problem`.
 * - Dialogs: `create-dialog`, `edit-dialog`, `add-dialog`, `transfer-dialog`, `remove-dialog`, `leave-dialog`, `delete-dialog`; each contains
 *   `dialog-submit`, `dialog-cancel`, `dialog-problem`; fields `group-name`, `group-description`, `people-input`, `people-option`, `people-picked`,
 *   `people-role`, `successor`.
 * - Operator view, for a token with the scope `groups:admin`: `operator-toggle`; the rest is in `operator/view.js`.
 * - Inspector: `inspector`, `inspector-facts`, `inspector-frames`, `frame` (`data-type`), `inspector-cut`, `inspector-clear`.
 *
 * `document.documentElement.dataset.state` is the state of the connection. The page never reloads itself. In development mode, picking "new person"
 * in the people field creates that user.
 */

import { GroupsClient, isolated } from "./groups-client.js";
import "./groups-sidebar.js";
import { Commands } from "./page/commands.js";
import { findGroup, hasDirectory } from "./page/directory.js";
import { h, icon, named, parts } from "./page/dom.js";
import { GroupView } from "./page/group-view.js";
import { CUT_MS, Inspector } from "./page/inspector.js";
import { JoinView } from "./page/join.js";
import { Names } from "./page/names.js";
import { sentenceOf, tellNews } from "./page/news.js";
import { face } from "./page/picker.js";
import { leaveLink, openedToken, root } from "./page/root.js";
import { Session } from "./page/session.js";
import { signIn } from "./page/sign-in.js";
import { nextTheme, restoreTheme } from "./page/theme.js";
import { Toasts } from "./page/toasts.js";

/**
 * @import { GroupsSidebar } from "./groups-sidebar.js"
 * @import { OperatorView } from "./operator/view.js"
 * @import { Text } from "./page/dom.js"
 */

const GROUP_EVENTS = /** @type {const} */ (["group_created", "added_to_group", "group_updated", "role_changed", "removed_from_group", "group_deleted", "invited_to_group", "invitation_ended", "join_requested", "join_request_ended"]);
/** How long the page waits, in milliseconds, until a group that the user has joined is in the list. */
const JOINED_MS_MAX = 10_000;

restoreTheme();
const restored = Session.restore();
if (restored) start(restored);
else welcome();

/** @param {string} [why] */
function welcome(why) {
  document.title = "Groups";
  delete document.documentElement.dataset.state;
  document.body.replaceChildren(signIn(start, { why, lead: openedToken() ? "Sign in to open the link to a group." : undefined }));
}

/** @param {Session} session */
function start(session) {
  const abort = new AbortController();
  const { signal } = abort;
  const client = new GroupsClient({ url: root, getToken: (why) => session.token(why) });
  const toasts = new Toasts();
  const names = new Names();
  names.learn([{ user_id: session.userId, name: session.name }]);
  const tools = { client, session, names, toasts };
  const commands = new Commands(tools);
  /** @type {GroupView | null} */
  let view = null;
  /** The link that was opened, until the user has joined or does something else. @type {JoinView | null} */
  let joining = null;
  /** The group whose end was last shown in the main area, because it was open. */
  let ended = "";

  const main = h("main", { class: "main", id: "main" });
  const sidebar = /** @type {GroupsSidebar} */ (document.createElement("groups-sidebar"));
  sidebar.dataset.testid = "groups-sidebar";
  sidebar.client = client;
  sidebar.append(
    h("button", { type: "button", class: "bare find", slot: "actions", testid: "find-group", "aria-label": "Find a group", title: "Find a group", onclick: find }, icon("search")),
    h("button", { type: "button", class: "primary compact", slot: "actions", testid: "new-group", onclick: create }, icon("plus"), "New group"),
  );
  const inspector = new Inspector(client, { signal, onclose: toggleInspector });
  const toggle = h(
    "button",
    { type: "button", class: "bare", testid: "inspector-toggle", "aria-pressed": "false", "aria-label": "Inspector", title: "Show WebSocket frames in the inspector", onclick: toggleInspector },
    icon("frames"),
  );
  const operatorToggle = session.operator
    ? h("button", { type: "button", class: "bare", testid: "operator-toggle", "aria-pressed": "false", "aria-label": "Operator view", title: "Operator view", onclick: () => void toggleOperator() }, icon("tools"))
    : null;
  /** @type {OperatorView | null} */
  let operator = null;
  const layout = h("div", { class: "layout" }, sidebar, main, inspector.element);
  const me = h("span", { class: "me", testid: "me", "data-user-id": session.userId, title: session.userId }, face(session.userId, session.name), named(session.name, { class: "me-name" }));
  const bar = h(
    "header",
    { class: "bar" },
    h("div", { class: "brand" }, h("span", { class: "mark", "aria-hidden": "true" }), h("span", null, "Groups")),
    h("button", { type: "button", class: "bare", testid: "cut", "aria-label": "Drop the connection", title: `Drop the connection for ${CUT_MS / 1_000} seconds and watch it recover`, onclick: () => client.cut(CUT_MS) }, icon("cut")),
    toggle,
    operatorToggle,
    h("button", { type: "button", class: "bare", testid: "theme", "aria-label": "Switch between light and dark", title: "Switch between light and dark", onclick: nextTheme }, icon("theme")),
    me,
    h("button", { type: "button", class: "bare", testid: "sign-out", "aria-label": "Sign out", title: "Sign out", onclick: () => signOut() }, icon("out")),
  );

  sidebar.addEventListener("group-selected", (event) => open(/** @type {CustomEvent} */ (event).detail.group_id, { focus: false }), { signal });
  client.on("state", ({ state, final }) => {
    document.documentElement.dataset.state = state;
    if (state === "signed-out") signOut("Your session has ended. Sign in again.");
    else if (final && state === "offline") toasts.show(client.status.reason, { kind: "bad", action: "Connect", onaction: () => client.connect() });
  }, { signal });
  client.on("change", () => lookAgain(), { signal });
  for (const name of GROUP_EVENTS) client.on(name, ({ actor_id, actor_name }) => names.learn([{ user_id: actor_id, name: actor_name }]), { signal });
  for (const name of /** @type {const} */ (["removed_from_group", "group_deleted"])) {
    client.on(name, (event) => left(event.group_id, sentenceOf(event, { names, userId: client.userId })), { signal });
  }
  tellNews({ client, names, toasts, open, openAccess, seen: (groupId) => groupId === ended, signal });
  if (session.development) session.people("").then((people) => names.learn(people), () => {});

  const skip = h("a", { class: "skip", href: "#main", onclick: skipTo }, "Skip to the open group");
  document.body.replaceChildren(skip, bar, layout, toasts.element);
  document.title = `${isolated(session.name)} · Groups`;
  const token = openedToken();
  if (token) openLink(token);
  else nothingOpen();
  client.connect();
  void hasDirectory(client).then((has) => layout.toggleAttribute("data-directory", has));

  function create() {
    const before = view;
    // If the user has opened another group in the meantime, stay there.
    void commands.create((group) => view === before && open(group.group_id));
  }

  function find() {
    void findGroup(client, openSoon);
  }

  /** @param {string} groupId @param {{ focus?: boolean }} [how] */
  function open(groupId, { focus = true } = {}) {
    if (!client.group(groupId)) return;
    view?.close();
    closeLink();
    ended = "";
    toasts.settle(groupId);
    sidebar.selected = groupId;
    view = new GroupView({ ...tools, commands, groupId, onBack: close });
    main.replaceChildren(view.element);
    layout.dataset.open = "";
    // On a narrow screen the list is hidden and loses the focus.
    if (focus || getComputedStyle(sidebar).display === "none") view.focus();
  }

  /** Opens a group that the user has just joined, once it is in the list. @param {string} groupId */
  function openSoon(groupId) {
    if (client.group(groupId)) return open(groupId);
    const before = view;
    const waited = new AbortController();
    const look = () => {
      if (!client.group(groupId)) return;
      waited.abort();
      // If the user has opened another group in the meantime, stay there.
      if (view === before) open(groupId);
    };
    client.on("change", look, { signal: AbortSignal.any([signal, waited.signal, AbortSignal.timeout(JOINED_MS_MAX)]) });
  }

  /** Shows who waits to join a group, and who is invited. @param {string} groupId */
  function openAccess(groupId) {
    if (!isOpen(groupId)) open(groupId);
    view?.showAccess();
  }

  /** Shows the group that a link leads to. @param {string} token */
  function openLink(token) {
    joining = new JoinView({ client, token, onOpen: openSoon, onLeave: close });
    main.replaceChildren(joining.element);
    layout.dataset.open = "";
  }

  function closeLink() {
    joining?.close();
    joining = null;
    leaveLink();
  }

  function close() {
    nothingOpen();
    sidebar.focus();
  }

  /** @param {Text} [gone] */
  function nothingOpen(gone) {
    const focused = main.contains(document.activeElement);
    view?.close();
    view = null;
    closeLink();
    sidebar.selected = "";
    delete layout.dataset.open;
    main.replaceChildren(
      h(
        "div",
        { class: "nothing", testid: "nothing-open" },
        h("div", { class: "mark large", "aria-hidden": "true" }),
        gone ? h("p", { class: "gone", role: "alert", testid: "gone" }, ...parts(gone)) : null,
        h("h1", { tabIndex: -1 }, gone ? "Choose another group, or create one." : "Choose a group, or create one."),
        h(
          "div",
          { class: "row-actions" },
          h("button", { type: "button", class: "quiet find", onclick: find }, icon("search"), "Find a group"),
          h("button", { type: "button", class: "quiet", onclick: create }, icon("plus"), "New group"),
        ),
      ),
    );
    // The focus was in the group that is gone: move it to the heading.
    if (focused) main.querySelector("h1")?.focus();
    // On a narrow screen the heading is hidden, so move it to the list.
    if (focused && document.activeElement === document.body) sidebar.focus();
  }

  /** @param {string} groupId @param {Text} why */
  function left(groupId, why) {
    ended = "";
    if (!isOpen(groupId)) return;
    nothingOpen(why);
    // On a narrow screen only the list is visible now, so the message was not seen.
    if (getComputedStyle(main).display !== "none") ended = groupId;
  }

  /** After a snapshot, the open group may be missing without an event that says why. */
  function lookAgain() {
    const id = view?.element.dataset.groupId;
    // If there is an event that says why, it comes right after the change.
    if (id && !client.group(id)) queueMicrotask(() => isOpen(id) && nothingOpen("You are no longer a member of this group."));
  }

  /** @param {string} groupId */
  function isOpen(groupId) {
    return view?.element.dataset.groupId === groupId;
  }

  function toggleInspector() {
    const shown = inspector.element.hidden;
    inspector.show(shown);
    toggle.setAttribute("aria-pressed", String(shown));
    layout.toggleAttribute("data-inspecting", shown);
    if (!shown) toggle.focus();
  }

  /** Shows the operator view in place of the user's own groups, or goes back to them. */
  async function toggleOperator() {
    if (operator) {
      operator.close();
      operator.element.remove();
      operator = null;
    } else {
      try {
        const [{ OperatorView }] = await Promise.all([import("./operator/view.js"), style("./operator.css")]);
        // A second click was faster, or the session has ended.
        if (operator || signal.aborted) return;
        operator = new OperatorView({ client, toasts });
      } catch {
        return toasts.show("Could not load the operator view. Try again.", { kind: "bad" });
      }
      layout.after(operator.element);
      operator.focus();
    }
    layout.hidden = operator !== null;
    skip.href = operator ? "#operator" : "#main";
    skip.textContent = operator ? "Skip to the operator view" : "Skip to the open group";
    operatorToggle?.setAttribute("aria-pressed", String(operator !== null));
  }

  /** Moves the focus to the content. On the page of a link, the URL of the link `#main` is in another page. @param {Event} event */
  function skipTo(event) {
    event.preventDefault();
    const target = operator?.element ?? main;
    target.tabIndex = -1;
    target.focus();
  }

  /** @param {string} [why] */
  function signOut(why) {
    session.end();
    operator?.close();
    view?.close();
    joining?.close();
    abort.abort();
    client.close();
    welcome(why);
  }
}

/** Loads a style sheet of this release once. @param {string} path @returns {Promise<void>} */
function style(path) {
  const { href } = new URL(path, import.meta.url);
  if ([...document.styleSheets].some((sheet) => sheet.href === href)) return Promise.resolve();
  return new Promise((resolve, reject) => {
    document.head.append(h("link", { rel: "stylesheet", href, onload: () => resolve(), onerror: reject }));
  });
}
