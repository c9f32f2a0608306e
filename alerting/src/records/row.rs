//! How rows of this crate are encoded: one version byte, then bincode.

use bincode::config::{Configuration, standard};
use bincode::{Decode, Encode};

use crate::error::{Error, Result};

/// Version of all rows but those of deliveries. A row of another version is an error.
const VERSION: u8 = 3;

const CONFIG: Configuration = standard();

/// The row's bytes.
pub(crate) fn encode<T: Encode>(row: &T) -> Vec<u8> {
    encode_as(VERSION, row)
}

/// The row's bytes in a version of its own.
pub(crate) fn encode_as<T: Encode>(version: u8, row: &T) -> Vec<u8> {
    let mut bytes = vec![version];
    let encoded = bincode::encode_into_std_write(row, &mut bytes, CONFIG);
    // Writing to memory cannot fail, and no row holds a lock or a borrowed cell.
    assert!(encoded.is_ok(), "a row of alerting could not be encoded");
    bytes
}

/// The row that `bytes` hold. `what` names its kind in the error.
pub(crate) fn decode<T: Decode<()>>(what: &'static str, bytes: &[u8]) -> Result<T> {
    decode_as(VERSION, what, bytes)
}

/// The same of a version of its own.
pub(crate) fn decode_as<T: Decode<()>>(known: u8, what: &'static str, bytes: &[u8]) -> Result<T> {
    let corrupt = |detail: String| Error::Corrupt { what, detail };
    let (version, body) = bytes.split_first().ok_or_else(|| corrupt("it is empty".into()))?;
    if *version != known {
        return Err(corrupt(format!("it has version {version}, known is {known}")));
    }
    let (row, used) =
        bincode::decode_from_slice(body, CONFIG).map_err(|error| corrupt(error.to_string()))?;
    if used != body.len() {
        return Err(corrupt(format!("it has {} bytes too many", body.len() - used)));
    }
    Ok(row)
}

#[cfg(test)]
mod tests;
