//! Cursors: positions as opaque text for clients.
//!
//! A position reveals how much *all users* have written. Clients must not learn that, so a cursor
//! is encrypted and authenticated, two cursors of one position differ, and all cursors have the
//! same length.
//!
//! Each cursor has a key of its own: HKDF-SHA-256 (RFC 5869, the expand step, since the database's
//! key is uniformly random) over a fresh 16-byte salt. It encrypts once, with AES-256-GCM (RFC
//! 5116) and a constant nonce. This is nonce-based key derivation (Gueron and Lindell,
//! <https://eprint.iacr.org/2017/702>): servers share one key without coordinating nonces, and 2^40
//! cursors repeat a salt with a probability below 2^-48.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use groups_domain::UserId;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Prk};
#[cfg(feature = "postgres")]
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

use crate::Position;
use crate::position::ENCODED_BYTES;

/// The database's key for cursors, in bytes.
const KEY_BYTES: usize = 32;

const SALT_BYTES: usize = 16;
const TAG_BYTES: usize = 16;

/// A multiple of three, so that no bit of the base64 text is unused.
const SEALED_BYTES: usize = SALT_BYTES + ENCODED_BYTES + TAG_BYTES;
const TOKEN_CHARS: usize = SEALED_BYTES / 3 * 4;
const _: () = assert!(SEALED_BYTES.is_multiple_of(3));

/// The context of the key derivation. A new position layout needs a new text here.
const PURPOSE: &[u8] = b"groups cursor 1";

/// The context of the key for messages between servers.
#[cfg(feature = "postgres")]
const PURPOSE_OF_MESSAGES: &[u8] = b"groups commit message 1";

/// The context of the names of erased users.
const PURPOSE_OF_MARKS: &[u8] = b"groups erased user 1";

/// The context of secrets for other purposes.
const PURPOSE_OF_SECRETS: &[u8] = b"groups secret 1";

const MARK_BYTES: usize = 16;

/// The length of a secret, for the key derivation.
struct SecretLength;

impl ring::hkdf::KeyType for SecretLength {
    fn len(&self) -> usize {
        KEY_BYTES
    }
}

/// The start of the names under which the database remembers erased users.
pub(crate) const ERASED: &str = "erased:";

/// The length of a mark, for the key derivation.
struct MarkLength;

impl ring::hkdf::KeyType for MarkLength {
    fn len(&self) -> usize {
        MARK_BYTES
    }
}

/// A token that is never a valid cursor. Clients get it if the operating system provides no
/// randomness.
const NO_CURSOR: &str = "0";

/// The database's key for cursors, as stored: 64 hexadecimal digits. Never printed or logged.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct CursorKey(String);

impl CursorKey {
    /// A new random key; `None` if the operating system provides no randomness.
    pub(crate) fn random() -> Option<Self> {
        let mut key = [0; KEY_BYTES];
        SystemRandom::new().fill(&mut key).ok()?;
        Some(Self(key.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    pub(crate) fn from_stored(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn as_stored(&self) -> &str {
        &self.0
    }

    fn bytes(&self) -> Option<[u8; KEY_BYTES]> {
        let digits = self.0.as_bytes();
        if digits.len() != 2 * KEY_BYTES {
            return None;
        }
        let mut key = [0; KEY_BYTES];
        for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(key)
    }
}

impl fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CursorKey(…)")
    }
}

/// Turns positions of one database into tokens and back. Cheap to clone.
#[derive(Clone)]
pub struct Cursors(Arc<Inner>);

struct Inner {
    keys: Prk,
    random: SystemRandom,
}

impl fmt::Debug for Cursors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cursors(…)")
    }
}

impl Cursors {
    /// `None` if the key is not 64 hexadecimal digits.
    pub(crate) fn new(key: &CursorKey) -> Option<Self> {
        let keys = Prk::new_less_safe(HKDF_SHA256, &key.bytes()?);
        Some(Self(Arc::new(Inner { keys, random: SystemRandom::new() })))
    }

    /// The name under which the database remembers that a user was erased. It differs between
    /// databases, and does not reveal the user without the database's key and the user's id.
    pub(crate) fn mark_of(&self, user: UserId) -> String {
        let mut mark = [0; MARK_BYTES];
        let user = user.uuid();
        let context = [PURPOSE_OF_MARKS, user.as_bytes()];
        let filled = self.0.keys.expand(&context, MarkLength).and_then(|key| key.fill(&mut mark));
        if filled.is_err() {
            // Impossible: the length is far below the maximum. All users would share one mark.
            tracing::error!("a key cannot be derived");
        }
        let digits: String = mark.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{ERASED}{digits}")
    }

    /// See [`Store::derive_secret`](crate::Store::derive_secret).
    pub(crate) fn secret(&self, purpose: &str, input: &[u8]) -> [u8; KEY_BYTES] {
        let mut secret = [0; KEY_BYTES];
        // The length keeps a purpose and an input apart.
        let length = (purpose.len() as u64).to_be_bytes();
        let context: [&[u8]; 4] = [PURPOSE_OF_SECRETS, &length, purpose.as_bytes(), input];
        let filled = self.0.keys.expand(&context, SecretLength).and_then(|key| key.fill(&mut secret));
        #[expect(clippy::expect_used, reason = "the length is constant and far below the maximum of HKDF")]
        filled.expect("a secret can be derived");
        secret
    }

    /// Encodes a position as opaque text: 104 characters of base64url, different each time.
    /// [`Store::cursor`](crate::Store::cursor) decodes it.
    pub fn token(&self, position: &Position) -> String {
        self.seal(position).unwrap_or_else(|| {
            tracing::error!("cannot create a cursor: the operating system provides no randomness");
            NO_CURSOR.to_owned()
        })
    }

    fn seal(&self, position: &Position) -> Option<String> {
        let mut sealed = [0; SEALED_BYTES];
        let (salt, rest) = sealed.split_at_mut(SALT_BYTES);
        self.0.random.fill(salt).ok()?;
        let (text, tag) = rest.split_at_mut(ENCODED_BYTES);
        text.copy_from_slice(&position.encoded());
        let made = self.key(salt)?.seal_in_place_separate_tag(nonce(), Aad::empty(), text).ok()?;
        tag.copy_from_slice(made.as_ref());
        Some(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Decodes a token that was made with the same key; `None` for everything else.
    pub(crate) fn position(&self, token: &str) -> Option<Position> {
        if token.len() != TOKEN_CHARS {
            return None;
        }
        let mut sealed = [0; SEALED_BYTES];
        let length = URL_SAFE_NO_PAD.decode_slice(token, &mut sealed).ok()?;
        if length != SEALED_BYTES {
            return None;
        }
        let (salt, rest) = sealed.split_at_mut(SALT_BYTES);
        let encoded = self.key(salt)?.open_in_place(nonce(), Aad::empty(), rest).ok()?;
        Position::decoded(encoded)
    }

    /// A message for other servers: HMAC-SHA-256 (RFC 2104) of the text, and the text.
    #[cfg(feature = "postgres")]
    pub(crate) fn authenticated(&self, text: &str) -> Option<Vec<u8>> {
        let mut message = hmac::sign(&self.message_key()?, text.as_bytes()).as_ref().to_vec();
        message.extend_from_slice(text.as_bytes());
        Some(message)
    }

    /// The text of a message that was made with the same key; `None` for everything else.
    #[cfg(feature = "postgres")]
    pub(crate) fn authentic<'a>(&self, message: &'a [u8]) -> Option<&'a str> {
        let (tag, text) = message.split_at_checked(32)?;
        hmac::verify(&self.message_key()?, text, tag).ok()?;
        std::str::from_utf8(text).ok()
    }

    #[cfg(feature = "postgres")]
    fn message_key(&self) -> Option<hmac::Key> {
        self.0.keys.expand(&[PURPOSE_OF_MESSAGES], hmac::HMAC_SHA256).map(hmac::Key::from).ok()
    }

    /// The key of the cursor with this salt.
    fn key(&self, salt: &[u8]) -> Option<LessSafeKey> {
        let key = self.0.keys.expand(&[PURPOSE, salt], &AES_256_GCM).map(UnboundKey::from).ok()?;
        Some(LessSafeKey::new(key))
    }
}

/// Constant, because each key encrypts once.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::collections::HashSet;

    use groups_domain::ReadPoint;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::column::Id;
    use crate::position::Witness;

    const STORE: Uuid = Uuid::from_u128(0x1234_5678_9abc_def0_0fed_cba9_8765_4321);

    fn cursors() -> Cursors {
        Cursors::new(&CursorKey::from_stored("0123456789abcdef".repeat(4))).unwrap()
    }

    fn position(below: u64, except: &[u64], seq: i64) -> Position {
        let witness = Witness::new((seq, Id(Uuid::nil()), 1, Id(Uuid::nil()), 0));
        Position::new(STORE, &ReadPoint { below, except: except.to_vec() }, witness)
    }

    fn any_position() -> impl Strategy<Value = Position> {
        (any::<u64>(), prop::collection::vec(1..50_000u64, 0..40), 0..i64::MAX).prop_map(|(below, back, seq)| {
            let except: Vec<u64> =
                back.iter().map(|back| below.saturating_sub(*back)).filter(|at| *at < below).collect();
            position(below, &except, seq)
        })
    }

    proptest! {
        #[test]
        fn tokens_of_one_position_differ_but_have_the_same_length_and_resume_without_skipping(position in any_position()) {
            let cursors = cursors();
            let tokens: HashSet<String> = (0..8).map(|_| cursors.token(&position)).collect();
            prop_assert_eq!(tokens.len(), 8);
            for token in tokens {
                prop_assert_eq!(token.len(), TOKEN_CHARS);
                prop_assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
                let read = cursors.position(&token).unwrap();
                // It may move back to the first commit that it does not know, never further.
                prop_assert_eq!(read.first_unknown(), position.first_unknown());
                prop_assert!(read == position || read.below == position.first_unknown());
            }
        }
    }

    /// Each character of a token encodes six bits, and all of them are used.
    #[test]
    fn a_token_with_any_bit_changed_is_rejected() {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let cursors = cursors();
        let token = cursors.token(&position(100, &[50, 99], 7));
        for at in 0..token.len() {
            let value = ALPHABET.iter().position(|character| *character == token.as_bytes()[at]).unwrap();
            for bit in 0..6 {
                let mut changed = token.clone().into_bytes();
                changed[at] = ALPHABET[value ^ 1 << bit];
                let changed = String::from_utf8(changed).unwrap();
                assert_eq!(cursors.position(&changed), None, "bit {bit} of character {at}");
            }
        }
        for length in 0..token.len() {
            assert_eq!(cursors.position(&token[..length]), None);
        }
        assert_eq!(cursors.position(&format!("{token}A")), None);
    }

    #[test]
    fn tokens_reveal_nothing_about_the_numbers_in_them() {
        let cursors = cursors();
        // Every bit of the text is 0 in about half of the tokens, for a position of zeros and for
        // one of ones.
        for position in [position(0, &[], 0), position(u64::MAX, &[], i64::MAX)] {
            let mut ones = [0u32; 8 * SEALED_BYTES];
            for _ in 0..4_096 {
                let sealed = URL_SAFE_NO_PAD.decode(cursors.token(&position)).unwrap();
                for (bit, ones) in ones.iter_mut().enumerate() {
                    *ones += u32::from(sealed[bit / 8] >> (bit % 8) & 1);
                }
            }
            // Ten standard deviations to either side.
            assert!(ones.iter().all(|ones| (2_048 - 320..=2_048 + 320).contains(ones)), "{ones:?}");
        }
    }

    #[test]
    fn a_token_is_valid_only_with_its_key() {
        let position = position(100, &[], 7);
        let (one, other) = (CursorKey::random().unwrap(), CursorKey::random().unwrap());
        assert_ne!(one, other);
        let token = Cursors::new(&one).unwrap().token(&position);
        assert_eq!(
            Cursors::new(&CursorKey::from_stored(one.as_stored().to_owned())).unwrap().position(&token),
            Some(position)
        );
        assert_eq!(Cursors::new(&other).unwrap().position(&token), None);
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn a_message_is_authentic_only_with_its_key_and_unchanged() {
        let message = cursors().authenticated("commit").unwrap();
        assert_eq!(cursors().authentic(&message), Some("commit"));
        let other = Cursors::new(&CursorKey::random().unwrap()).unwrap();
        assert_eq!(other.authentic(&message), None);
        for at in 0..message.len() {
            let mut changed = message.clone();
            changed[at] ^= 1;
            assert_eq!(cursors().authentic(&changed), None);
            assert_eq!(cursors().authentic(&message[..at]), None);
        }
    }

    #[test]
    fn a_key_has_64_hexadecimal_digits_and_is_never_printed() {
        for text in ["", "0123", &"g".repeat(64), &"0".repeat(63), &"é".repeat(32)] {
            assert!(Cursors::new(&CursorKey::from_stored(text.to_owned())).is_none(), "{text}");
        }
        let key = CursorKey::random().unwrap();
        assert_eq!(format!("{key:?} {:?}", Cursors::new(&key).unwrap()), "CursorKey(…) Cursors(…)");
    }

    /// Before cursors were encrypted, anybody could decode and forge them.
    #[test]
    fn cursors_of_version_0_1_are_rejected() {
        for token in
            ["0", "a30d0af18bc3b3fd.5.4.faa6942d", &format!("1d2f7a9b16b9d7b1.64.7.0000000a{}", ".1".repeat(37))]
        {
            assert_eq!(cursors().position(token), None);
        }
    }
}
