//! Repeatable randomness: SplitMix64 (Steele, Lea, Flood 2014), seeded by the clock or by a
//! variable; the seed is printed on failure.

use std::{
    cell::Cell,
    time::{SystemTime, UNIX_EPOCH},
};

/// A random generator. If the test fails while it exists, its seed is printed.
pub(crate) struct Chance {
    setting: &'static str,
    seed: u64,
    state: Cell<u64>,
}

impl Chance {
    /// Creates a generator seeded by the environment variable `setting`, or by the clock.
    pub(crate) fn new(setting: &'static str) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
        let told = std::env::var(setting).ok().map(|seed| seed.parse().expect("a number as the seed"));
        let seed = told.unwrap_or(u64::from(now.subsec_nanos()) ^ now.as_secs() << 20);
        Self { setting, seed, state: Cell::new(seed) }
    }

    fn next(&self) -> u64 {
        self.state.set(self.state.get().wrapping_add(0x9E37_79B9_7F4A_7C15));
        let z = self.state.get();
        let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// `true` with a probability of `per_cent` percent.
    pub(crate) fn happens(&self, per_cent: usize) -> bool {
        self.below(100) < per_cent
    }

    /// A random item.
    pub(crate) fn one_of<'a, T>(&self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

impl Drop for Chance {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the seed was {}={}", self.setting, self.seed);
        }
    }
}
