//! How a stream's definition is encoded on disk.

use bincode::config;

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

/// Encodes a stream's definition.
pub(crate) fn encode_stream(key: &StreamKey) -> Vec<u8> {
    // Encoding checked strings into memory cannot fail.
    bincode::encode_to_vec(key, CONFIG).unwrap_or_default()
}

/// Decodes the definition of stream `id`.
///
/// # Errors
/// [`Error::Corrupt`].
pub(crate) fn decode_stream(id: StreamId, definition: &[u8]) -> Result<StreamKey> {
    let decoded = bincode::decode_from_slice(definition, CONFIG);
    let (key, _) = decoded.map_err(|error| {
        Error::corrupt(format!("the definition of stream {}", id.0), error.to_string())
    })?;
    Ok(key)
}

#[cfg(test)]
mod tests;
