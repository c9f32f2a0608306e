//! How a stream's definition is encoded on disk.

use bincode::config;
use bincode::error::DecodeError;

use crate::error::{Error, Result};
use crate::limits::LABEL_BYTES_MAX;
use crate::model::stream::{StreamId, StreamKey};

/// A stream definition takes its six strings and a few bytes.
const STREAM_BYTES_MAX: usize = 8 * LABEL_BYTES_MAX;

const CONFIG: config::Configuration<
    config::BigEndian,
    config::Varint,
    config::Limit<STREAM_BYTES_MAX>,
> = config::standard().with_big_endian().with_limit::<STREAM_BYTES_MAX>();

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

#[cfg(test)]
mod tests;
