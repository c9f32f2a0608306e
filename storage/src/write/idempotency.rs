//! Idempotency keys: what is remembered of an append, and how one with the same key is answered.

use super::writer::Appended;
use crate::db::{i64_of, u64_of};
use crate::error::{Error, Result};
use crate::limits::IDEMPOTENCY_KEPT_MS;
use crate::model::time::TimestampMs;

/// Bytes of a digest. Two requests have the same one by chance in 2^64 pairs.
const DIGEST_BYTES: usize = 16;

/// The key of an append that may be sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// As it was sent, at most [`IDEMPOTENCY_KEY_BYTES_MAX`](crate::limits::IDEMPOTENCY_KEY_BYTES_MAX)
    /// bytes.
    pub key: Vec<u8>,
    /// A digest of the request. Another request under the same key is an error.
    pub digest: [u8; DIGEST_BYTES],
}

/// An append that was stored with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Remembered {
    /// How many items it had.
    pub(super) items: u64,
    /// `None` if it was stored before digests were.
    pub(super) digest: Option<[u8; DIGEST_BYTES]>,
}

impl Remembered {
    /// The record of an append that was received at a time.
    pub(super) fn encode(self, received_at: TimestampMs) -> Vec<u8> {
        let expires_at = received_at.plus_ms(IDEMPOTENCY_KEPT_MS);
        let numbers = [expires_at.0.to_be_bytes(), self.items.to_be_bytes()].concat();
        [numbers.as_slice(), self.digest.as_ref().map_or(&[], |it| it.as_slice())].concat()
    }

    /// Reads a record; `None` if it has expired.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub(super) fn decode(record: &[u8], now: TimestampMs) -> Result<Option<Self>> {
        let parsed = || {
            let (expires_at, rest) = record.split_at_checked(8)?;
            let (items, digest) = rest.split_at_checked(8)?;
            let digest = match digest {
                [] => None,
                digest => Some(digest.try_into().ok()?),
            };
            Some((i64_of(expires_at)?, Self { items: u64_of(items)?, digest }))
        };
        let (expires_at, remembered) = parsed().ok_or_else(|| {
            let detail = format!("{} bytes instead of 16 or 32", record.len());
            Error::corrupt("an idempotency record", detail)
        })?;
        Ok((expires_at > now.0).then_some(remembered))
    }

    /// The answer to a later append with the same key.
    ///
    /// # Errors
    /// [`Error::KeyReused`] if it is another request.
    pub(super) fn answer(self, key: &IdempotencyKey) -> Result<Appended> {
        match self.digest {
            Some(digest) if digest != key.digest => Err(Error::KeyReused),
            _ => Ok(Appended { items: self.items, duplicate: true }),
        }
    }
}

#[cfg(test)]
mod tests;
