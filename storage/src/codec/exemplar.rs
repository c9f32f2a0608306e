//! The encoding of exemplars: the events that are kept with their ids for one slot of a stream.
//!
//! ```text
//! row = version u8 | bincode of a list of (ms since the slot began, outcome class u8, duration in µs or
//!       none, ids)
//! ```

use bincode::{Decode, Encode, config};

use crate::limits::EXEMPLARS_BYTES_MAX;
use crate::model::exemplar::{Exemplar, Ids};
use crate::model::outcome::Outcome;
use crate::model::time::TimestampMs;

const VERSION: u8 = 1;

const CONFIG: config::Configuration<
    config::BigEndian,
    config::Varint,
    config::Limit<EXEMPLARS_BYTES_MAX>,
> = config::standard().with_big_endian().with_limit::<EXEMPLARS_BYTES_MAX>();

/// An exemplar as it is stored.
#[derive(Encode, Decode)]
struct Stored {
    /// Time since its slot began.
    ms: u32,
    outcome: u8,
    duration_us: Option<u64>,
    ids: Ids<String>,
}

/// Encodes exemplars of one kind in a slot that begins at `start`: the value of a row, or a merge operand for
/// it.
pub(crate) fn encode_exemplars(exemplars: Vec<Exemplar>, start: TimestampMs) -> Vec<u8> {
    let stored = exemplars.into_iter().map(|it| Stored {
        ms: u32::try_from(it.at.since_ms(start)).unwrap_or(0),
        outcome: it.outcome as u8,
        duration_us: it.duration_us,
        ids: it.ids,
    });
    let mut value = vec![VERSION];
    let encoded = bincode::encode_into_std_write(stored.collect::<Vec<_>>(), &mut value, CONFIG);
    // Encoding plain values into memory cannot fail.
    debug_assert!(encoded.is_ok(), "{encoded:?}");
    value
}

/// Decodes a row of exemplars; `None` when it is damaged.
pub(crate) fn decode_exemplars(value: &[u8], start: TimestampMs) -> Option<Vec<Exemplar>> {
    let body = value.strip_prefix(&[VERSION])?;
    let (stored, used): (Vec<Stored>, usize) = bincode::decode_from_slice(body, CONFIG).ok()?;
    let exemplar = |it: Stored| {
        let outcome = *Outcome::ALL.get(usize::from(it.outcome))?;
        let at = start.plus_ms(it.ms.into());
        Some(Exemplar { at, outcome, duration_us: it.duration_us, ids: it.ids })
    };
    (used == body.len()).then(|| stored.into_iter().map(exemplar).collect()).flatten()
}

#[cfg(test)]
mod tests;
