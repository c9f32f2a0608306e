//! How a stream's definition, and the times that it has sent data of, are encoded on disk.

use bincode::config;
use bincode::error::DecodeError;

use crate::error::{Error, Result};
use crate::limits::LABEL_BYTES_MAX;
use crate::model::stream::{StreamId, StreamKey};
use crate::model::time::{Slot, TimestampMs};

/// A stream definition takes its six strings and a few bytes.
const STREAM_BYTES_MAX: usize = 8 * LABEL_BYTES_MAX;

const CONFIG: config::Configuration<
    config::BigEndian,
    config::Varint,
    config::Limit<STREAM_BYTES_MAX>,
> = config::standard().with_big_endian().with_limit::<STREAM_BYTES_MAX>();

/// The definition of a forgotten stream. It keeps its place, so that a missing definition is known as damage.
pub(crate) const FORGOTTEN: &[u8] = b"";

/// Encodes a stream's definition: its name, and how many slots it reports at once when they are several.
pub(crate) fn encode_stream(key: &StreamKey, step_slots: u32) -> Vec<u8> {
    let step = (step_slots > 1).then_some(step_slots);
    // Encoding checked strings into memory cannot fail.
    let encoded = match step {
        Some(step) => bincode::encode_to_vec((key, step), CONFIG),
        None => bincode::encode_to_vec(key, CONFIG),
    };
    encoded.unwrap_or_default()
}

/// Decodes the definition of stream `id`: its name, and how many slots it reports at once.
///
/// # Errors
/// [`Error::Corrupt`].
pub(crate) fn decode_stream(id: StreamId, definition: &[u8]) -> Result<(StreamKey, u32)> {
    let damaged = |error: DecodeError| {
        Error::corrupt(format!("the definition of stream {}", id.0), error.to_string())
    };
    let (key, used) = bincode::decode_from_slice(definition, CONFIG).map_err(damaged)?;
    let step = definition.get(used..).filter(|rest| !rest.is_empty());
    let step = step.map(|rest| bincode::decode_from_slice::<u32, _>(rest, CONFIG));
    let step_slots = step.transpose().map_err(damaged)?.map_or(1, |(step_slots, _)| step_slots);
    Ok((key, step_slots))
}

/// Which times a stream has sent data of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SentTimes {
    /// The newest event time; `None` when it only ever sent heartbeats.
    pub(crate) last_at: Option<TimestampMs>,
    /// The oldest and the newest slot that may have a cell, which may be later than what is sealed. The
    /// oldest is later where there is none. `None` where they were not stored, as in earlier versions.
    pub(crate) slots: Option<(Slot, Slot)>,
}

impl SentTimes {
    /// Those of a new stream.
    pub(crate) const NONE: Self = Self { last_at: None, slots: Some((Slot(u32::MAX), Slot(0))) };
    /// Stands for no event.
    const NEVER: i64 = i64::MIN;

    pub(crate) fn encode(self) -> Vec<u8> {
        let at = self.last_at.map_or(Self::NEVER, |at| at.0);
        let mut encoded = at.to_be_bytes().to_vec();
        if let Some((oldest, newest)) = self.slots {
            encoded.extend(oldest.0.to_be_bytes());
            encoded.extend(newest.0.to_be_bytes());
        }
        encoded
    }

    /// `None` when the bytes are damaged.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (at, slots) = bytes.split_first_chunk()?;
        let at = i64::from_be_bytes(*at);
        let slot = |bytes: &[u8; 4]| Slot(u32::from_be_bytes(*bytes));
        let slots = match slots.as_chunks::<4>() {
            ([], []) => None,
            ([oldest, newest], []) => Some((slot(oldest), slot(newest))),
            _ => return None,
        };
        Some(Self { last_at: (at != Self::NEVER).then_some(TimestampMs(at)), slots })
    }
}

#[cfg(test)]
mod tests;
