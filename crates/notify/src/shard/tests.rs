//! The shard, driven by hand.
