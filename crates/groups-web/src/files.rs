//! Every file of `assets/`, embedded. A test holds this list against the folder.

/// Name below `assets/`, and content.
pub(crate) type Embedded = (&'static str, &'static [u8]);

macro_rules! embed {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../assets/", $name)))),*]
    };
}

pub(crate) const FILES: &[Embedded] = embed!["icon.svg", "index.html", "page.css", "page.js",];
