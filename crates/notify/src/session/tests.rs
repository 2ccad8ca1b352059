//! The session, driven by hand.
