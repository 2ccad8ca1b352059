//! FNV-1a with 64 bits: names content for caches. It guards against change, not against malice: all content is ours.
//!
//! Parameters from <https://www.ietf.org/archive/id/draft-eastlake-fnv-17.html>.

/// A hash under way.
#[derive(Clone, Copy)]
pub(crate) struct Hash(u64);

impl Hash {
    pub(crate) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Takes in one part. Its length goes in as well, so that moving bytes from one part to the next makes another hash.
    pub(crate) fn part(self, bytes: &[u8]) -> Self {
        let length = (bytes.len() as u64).to_le_bytes();
        let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        Self(length.iter().chain(bytes).fold(self.0, step))
    }

    /// Sixteen hexadecimal digits.
    pub(crate) fn hex(self) -> String {
        format!("{:016x}", self.0)
    }
}
