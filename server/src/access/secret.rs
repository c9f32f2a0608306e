//! The text of a key: `pls_<id>_<secret>_<checksum>`.
//!
//! The prefix lets scanners of source code find keys that were published. The id finds the key without the
//! secret. By the checksum (CRC-32, as keys of GitHub have it) a mistyped key is refused before
//! anything is looked up. Of the text only a SHA-256 is stored: 32 random characters of 62 have 190 bits, so
//! that no slow hash is needed.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

const PREFIX: &str = "pls";
const ID_CHARS: usize = 8;
const SECRET_CHARS: usize = 32;
const CHECKSUM_CHARS: usize = 8;
const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The text of a new key. It is shown once.
pub(crate) struct NewKey {
    pub(crate) id: String,
    pub(crate) hash: KeyHash,
    pub(crate) text: String,
}

/// What is kept of the text of a key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyHash(pub(super) [u8; 32]);

impl PartialEq for KeyHash {
    /// Takes the same time wherever they differ.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// Makes a key.
///
/// # Errors
/// The system has no random numbers.
pub(crate) fn generate() -> Result<NewKey, getrandom::Error> {
    let id = random_text(ID_CHARS)?;
    let body = format!("{PREFIX}_{id}_{}", random_text(SECRET_CHARS)?);
    let text = format!("{body}_{}", checksum(&body));
    let hash = KeyHash(Sha256::digest(&text).into());
    Ok(NewKey { id, hash, text })
}

/// The text of a new key that is not stored yet.
///
/// # Errors
/// The system has no random numbers.
pub(crate) fn generate_text() -> Result<String, getrandom::Error> {
    Ok(generate()?.text)
}

/// The id and the hash of a key; `None` when the text is none, or mistyped.
pub(crate) fn read(text: &str) -> Option<(&str, KeyHash)> {
    let (body, sum) = text.rsplit_once('_')?;
    let mut parts = body.split('_');
    let (prefix, id, secret) = (parts.next()?, parts.next()?, parts.next()?);
    let is_word = |word: &str, chars: usize| {
        word.len() == chars && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let is_key = prefix == PREFIX
        && is_word(id, ID_CHARS)
        && is_word(secret, SECRET_CHARS)
        && parts.next().is_none()
        && sum == checksum(body);
    is_key.then(|| (id, KeyHash(Sha256::digest(text).into())))
}

fn random_text(chars: usize) -> Result<String, getrandom::Error> {
    let mut text = String::with_capacity(chars);
    while text.len() < chars {
        let mut bytes = [0; 64];
        getrandom::fill(&mut bytes)?;
        // 248 is the largest multiple of 62 in a byte: each letter is equally likely.
        let letters = bytes.iter().filter(|byte| **byte < 248);
        let letters = letters.filter_map(|byte| LETTERS.get(usize::from(*byte) % 62));
        text.extend(letters.take(chars - text.len()).map(|byte| char::from(*byte)));
    }
    Ok(text)
}

fn checksum(body: &str) -> String {
    let mut text = String::with_capacity(CHECKSUM_CHARS);
    let _ = write!(text, "{:08x}", crc32fast::hash(body.as_bytes()));
    text
}

#[cfg(test)]
mod tests;
