//! 64-bit FNV-1a, to name content for caches. It is not cryptographic and need not be: all content is embedded in the binary.
//!
//! Parameters from <https://www.ietf.org/archive/id/draft-eastlake-fnv-17.html>.

/// An incremental hash.
#[derive(Clone, Copy)]
pub(crate) struct Hash(u64);

impl Hash {
    pub(crate) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds one part. Also hashes its length, so that moving bytes from one part to the next changes the hash.
    pub(crate) fn part(self, bytes: &[u8]) -> Self {
        let length = (bytes.len() as u64).to_le_bytes();
        let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        Self(length.iter().chain(bytes).fold(self.0, step))
    }

    /// The hash as 16 hexadecimal digits.
    pub(crate) fn hex(self) -> String {
        format!("{:016x}", self.0)
    }
}
