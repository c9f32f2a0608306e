//! Request bodies: read and unpacked within bounds of size, time and memory.

use std::io::{Cursor, Read};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use memmap2::MmapMut;
use tokio::time::timeout;

use crate::admission::{BodyMemory, Reserved};
use crate::error::ApiError;

/// Bytes of a body as it is sent.
pub(crate) const SENT_BYTES_MAX: usize = 32 << 20;
/// Bytes of a body once it is unpacked. A gzip bomb is dropped at this size.
pub(crate) const UNPACKED_BYTES_MAX: usize = 64 << 20;
/// How long a body may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(30);
/// Largest zstd window taken, as a power of two: 8 MiB, what RFC 8878 recommends to support.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;
/// Unpacking asks for memory in strides of this many bytes.
const STRIDE_BYTES: usize = 256 << 10;

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    Plain,
    Gzip,
    Zstd,
}

impl Packing {
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
        let (first, second) = (values.next(), values.next());
        let Some(value) = first else { return Ok(Self::Plain) };
        match (value.to_str().unwrap_or_default().trim().to_ascii_lowercase().as_str(), second) {
            ("identity" | "", None) => Ok(Self::Plain),
            ("gzip" | "x-gzip", None) => Ok(Self::Gzip),
            ("zstd", None) => Ok(Self::Zstd),
            _ => Err(ApiError::unsupported(
                "header `content-encoding` must be gzip, zstd or identity, and one of them",
            )),
        }
    }
}

/// Receives a body of at most [`SENT_BYTES_MAX`]. The memory is reserved for as long as `Reserved`
/// lives.
pub(crate) async fn receive(
    headers: &HeaderMap,
    body: Body,
    memory: &BodyMemory,
) -> Result<(Bytes, Reserved), ApiError> {
    let too_large = || ApiError::too_large("the body", SENT_BYTES_MAX);
    let declared =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let declared: usize = declared.unwrap_or(SENT_BYTES_MAX);
    if declared > SENT_BYTES_MAX {
        return Err(too_large());
    }
    let mut reserved = memory.reserve(declared)?;
    let received = timeout(ARRIVAL, axum::body::to_bytes(body, SENT_BYTES_MAX)).await;
    let received = received.map_err(|_| ApiError::body_timeout(ARRIVAL.as_secs()))?;
    let bytes = received.map_err(|error| match is_length_limit(&error) {
        true => too_large(),
        false => ApiError::malformed(format!("the body broke off: {error}")),
    })?;
    reserved.shrink_to(bytes.len());
    Ok((bytes, reserved))
}

fn is_length_limit(error: &axum::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if inner.to_string().contains("length limit exceeded") {
            return true;
        }
        cause = inner.source();
    }
    false
}

/// Unpacks a body to at most [`UNPACKED_BYTES_MAX`].
pub(crate) fn unpack(
    packing: Packing,
    body: Bytes,
    reserved: &mut Reserved,
) -> Result<Bytes, ApiError> {
    match packing {
        Packing::Plain => Ok(body),
        Packing::Gzip => unpack_from(flate2::read::MultiGzDecoder::new(&*body), "gzip", reserved),
        Packing::Zstd => {
            let failed = |error| ApiError::malformed(format!("zstd cannot start: {error}"));
            let mut reader = zstd::Decoder::with_buffer(&*body).map_err(failed)?;
            reader.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(failed)?;
            unpack_from(reader, "zstd", reserved)
        }
    }
}

fn unpack_from(
    mut reader: impl Read,
    packing: &str,
    reserved: &mut Reserved,
) -> Result<Bytes, ApiError> {
    let broken = |error| ApiError::malformed(format!("the body is not valid {packing}: {error}"));
    reserved.grow(STRIDE_BYTES)?;
    let mut start = Vec::new();
    (&mut reader).take(STRIDE_BYTES as u64).read_to_end(&mut start).map_err(broken)?;
    if start.len() < STRIDE_BYTES {
        return Ok(start.into());
    }
    // A large body lies outside the heap: pages that are not touched cost nothing, nothing is copied
    // as it grows, and all of it goes back to the system at once.
    let unmapped = |_| ApiError::busy("there is no memory for the unpacked body");
    let mut room = MmapMut::map_anon(UNPACKED_BYTES_MAX + 1).map_err(unmapped)?;
    let mut filled = 0;
    let mut source = Cursor::new(start).chain(reader);
    for stride in room.chunks_mut(STRIDE_BYTES) {
        reserved.grow(STRIDE_BYTES)?;
        let read = fill(&mut source, stride).map_err(broken)?;
        filled += read;
        if read < stride.len() {
            return Ok(Bytes::from_owner(room).slice(..filled));
        }
    }
    Err(ApiError::too_large("the unpacked body", UNPACKED_BYTES_MAX))
}

/// Reads until `room` is full or the source has ended, and answers how much it read.
fn fill(source: &mut impl Read, room: &mut [u8]) -> std::io::Result<usize> {
    let mut unfilled = Cursor::new(room);
    let wanted = unfilled.get_ref().len() as u64;
    std::io::copy(&mut source.take(wanted), &mut unfilled).map(|read| read as usize)
}

#[cfg(test)]
mod tests;
