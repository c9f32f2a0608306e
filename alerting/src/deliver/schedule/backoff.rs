//! How long to wait before the next attempt.

use sha2::{Digest as _, Sha256};

use crate::limits::{BACKOFF_MS, RETRY_AFTER_MS_MAX};

/// How long to wait after `attempts` failed attempts (at least 1), in ms: a random part of the
/// schedule's step ("full jitter"), but at least as long as the receiver asked for.
///
/// The random part is a hash of the delivery's id and the attempt: it spreads deliveries evenly, and
/// tests are reproducible.
pub(in crate::deliver) fn wait_ms(id: &str, attempts: u32, retry_after_ms: Option<i64>) -> i64 {
    let step = usize::try_from(attempts).unwrap_or(usize::MAX).saturating_sub(1);
    let longest = BACKOFF_MS.get(step).or(BACKOFF_MS.last()).copied().unwrap_or_default();
    let jittered = (longest as f64 * fraction(id, attempts)).round() as i64;
    let requested = retry_after_ms.unwrap_or(0).clamp(0, RETRY_AFTER_MS_MAX);
    jittered.max(requested)
}

/// A number from 0 up to 1, even over ids and attempts.
fn fraction(id: &str, attempts: u32) -> f64 {
    let mut hash = Sha256::new();
    hash.update(id.as_bytes());
    hash.update(attempts.to_be_bytes());
    let digest = hash.finalize();
    let bits = digest.iter().take(4).fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
    f64::from(bits) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests;
