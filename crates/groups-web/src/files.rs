//! All files of `assets/`, embedded. A test compares this list with the folder.

/// The path below `assets/`, and the content.
pub(crate) type Embedded = (&'static str, &'static [u8]);

macro_rules! embed {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../assets/", $name)))),*]
    };
}

pub(crate) const FILES: &[Embedded] = embed![
    "client/backoff.js",
    "client/bidi.js",
    "client/client.js",
    "client/emitter.js",
    "client/env.js",
    "client/errors.js",
    "client/fold.js",
    "client/http.js",
    "client/link.js",
    "client/list.js",
    "client/options.js",
    "client/pending.js",
    "client/permissions.js",
    "client/socket.js",
    "client/tabs.js",
    "client/timers.js",
    "client/tokens.js",
    "client/typing.js",
    "docs.css",
    "docs.html",
    "docs.js",
    "docs/http.js",
    "docs/schema.js",
    "docs/socket.js",
    "docs/text.js",
    "groups-client.js",
    "groups-sidebar.js",
    "icon.svg",
    "index.html",
    "page.css",
    "page.js",
    "page/commands.js",
    "page/dialogs.js",
    "page/dom.js",
    "page/group-view.js",
    "page/inspector.js",
    "page/members.js",
    "page/names.js",
    "page/news.js",
    "page/picker.js",
    "page/session.js",
    "page/sign-in.js",
    "page/storage.js",
    "page/theme.js",
    "page/toasts.js",
    "react.js",
    "sidebar/element.js",
    "sidebar/next-frame.js",
    "sidebar/order.js",
    "sidebar/status.js",
    "sidebar/style.js",
    "sidebar/texts.js",
    "sidebar/tree.js",
    "sidebar/type-ahead.js",
    "sidebar/window.js",
];
