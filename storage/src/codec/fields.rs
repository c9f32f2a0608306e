//! Fields that several encodings write in the same way: outcome classes and event times.

use super::error::PartError;
use super::primitives::bytes::{Reader, put, unzigzag, zigzag};
use crate::model::outcome::Outcome;
use crate::model::time::TimestampMs;

/// The outcome class with a number.
pub(super) fn class_of(number: u8) -> Result<Outcome, PartError> {
    Outcome::ALL.get(usize::from(number)).copied().ok_or(PartError::Columns)
}

/// An event time as a number: 0 for none, else 1 + zigzag of its distance to `start_ms`, wrapping. `None` for
/// the one distance that does not fit 64 bits.
pub(super) fn last_at_to_number(at: Option<TimestampMs>, start_ms: i64) -> Option<u64> {
    match at {
        Some(at) => zigzag(at.0.wrapping_sub(start_ms)).checked_add(1),
        None => Some(0),
    }
}

/// The inverse of [`last_at_to_number`].
#[inline]
pub(super) fn last_at_of_number(number: u64, start_ms: i64) -> Option<TimestampMs> {
    let distance = number.checked_sub(1).map(unzigzag);
    distance.map(|distance| TimestampMs(start_ms.wrapping_add(distance)))
}

/// Appends an event time as a varint.
pub(super) fn put_last_at(at: Option<TimestampMs>, start_ms: i64, out: &mut Vec<u8>) {
    // The distance that does not fit is stored as the one next to it. Accepted times are far from it.
    put(out, last_at_to_number(at, start_ms).unwrap_or(u64::MAX));
}

/// Reads an event time.
#[inline]
pub(super) fn take_last_at(
    reader: &mut Reader<'_>,
    start_ms: i64,
) -> Result<Option<TimestampMs>, PartError> {
    Ok(last_at_of_number(reader.varint()?, start_ms))
}
