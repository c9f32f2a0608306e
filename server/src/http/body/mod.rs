//! Request bodies: received and decompressed within bounds of size, time and memory.

pub(crate) mod sniff;

use std::future::poll_fn;
use std::io::{Cursor, Read};
use std::pin::Pin;

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::http::{HeaderMap, header};
use memmap2::MmapMut;
use plimsoll_alerting::read_json_object;
use serde::de::DeserializeOwned;

use crate::admission::{BodyMemory, Reserved};
use crate::connections::BodyTooSlow;
use crate::error::{ApiError, ErrorCode};
use crate::wire::excerpt;

/// Bytes of a body as it is sent, before decompression.
const SENT_BYTES_MAX: usize = 32 << 20;
/// Bytes of a body after decompression. A gzip bomb is rejected at this size.
const DECOMPRESSED_BYTES_MAX: usize = 64 << 20;
/// Largest zstd window accepted, as a power of two: 8 MiB, what RFC 8878 recommends to support.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;
/// Decompression reserves memory in chunks of this many bytes.
const CHUNK_BYTES: usize = 256 << 10;

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    /// The compression that `Content-Encoding` names.
    ///
    /// # Errors
    /// 415 when it is not one of these.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
        let (first, second) = (values.next(), values.next());
        let Some(value) = first else { return Ok(Self::None) };
        match (value.to_str().unwrap_or_default().trim().to_ascii_lowercase().as_str(), second) {
            ("identity" | "", None) => Ok(Self::None),
            ("gzip" | "x-gzip", None) => Ok(Self::Gzip),
            ("zstd", None) => Ok(Self::Zstd),
            (given, _) => Err(ApiError::header(
                ErrorCode::UnsupportedMediaType,
                "content-encoding",
                match second {
                    None => format!("must be gzip, zstd or identity, not {:?}", excerpt(given)),
                    Some(_) => "is given more than once; compress the body once".to_owned(),
                },
            )),
        }
    }
}

/// Receives a body of at most [`SENT_BYTES_MAX`]. Its memory is reserved as it arrives, so that a client that
/// declares much and sends nothing takes nothing from others, and stays reserved as long as `Reserved` lives.
///
/// # Errors
/// 413 when the body is too large, 408 when it takes too long, 503 when too much memory is reserved.
pub(crate) async fn receive(
    headers: &HeaderMap,
    body: Body,
    memory: &BodyMemory,
) -> Result<(Bytes, Reserved), ApiError> {
    let too_large = || ApiError::too_large("the body", SENT_BYTES_MAX);
    let declared: Option<usize> =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if declared.is_some_and(|bytes| bytes > SENT_BYTES_MAX) {
        return Err(too_large());
    }
    let mut reserved = memory.reserve(0)?;
    let (mut received, mut body) = (Vec::new(), body);
    while let Some(chunk) = next(&mut body).await {
        let chunk = chunk.map_err(|error| broken_off(&error))?;
        let bytes = received.len() + chunk.len();
        if bytes > SENT_BYTES_MAX {
            return Err(too_large());
        }
        if bytes > received.capacity() {
            let wanted = (bytes * 2).min(declared.unwrap_or(SENT_BYTES_MAX)).max(bytes);
            reserved.grow(wanted - received.capacity())?;
            received.reserve_exact(wanted - received.len());
        }
        received.extend_from_slice(&chunk);
    }
    received.shrink_to_fit();
    reserved.shrink_to(received.len());
    Ok((received.into(), reserved))
}

/// The next bytes of a body.
async fn next(body: &mut Body) -> Option<Result<Bytes, axum::Error>> {
    poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await.map(|frame| {
        // Trailers say nothing here.
        frame.map(|frame| frame.into_data().unwrap_or_default())
    })
}

/// The error of a body that broke off, or arrived too slowly.
fn broken_off(error: &axum::Error) -> ApiError {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if let Some(too_slow) = inner.downcast_ref::<BodyTooSlow>() {
            return ApiError::new(ErrorCode::BodyTimeout, too_slow.to_string());
        }
        cause = inner.source();
    }
    ApiError::malformed(format!("the body broke off: {error}"))
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

/// Receives a body of at most `bytes_max`, for calls whose bodies are small.
///
/// # Errors
/// 413 when the body is larger, 408 when it takes too long.
pub(crate) async fn small(body: Body, bytes_max: usize) -> Result<Bytes, ApiError> {
    to_bytes(body, bytes_max).await.map_err(|error| match is_length_limit(&error) {
        true => ApiError::too_large("the body", bytes_max),
        false => broken_off(&error),
    })
}

/// Receives a small JSON body. `wanted` says what it must be, for the error.
///
/// # Errors
/// 413 when the body is larger than `bytes_max`, 400 when it is not such JSON.
pub(crate) async fn json<T: DeserializeOwned>(
    body: Body,
    bytes_max: usize,
    wanted: &str,
) -> Result<T, ApiError> {
    let body = small(body, bytes_max).await?;
    let body = sniff::without_mark(&body);
    read_json_object(body).map_err(|error| match sniff::not_json(body) {
        Some(problem) => ApiError::malformed(format!("{wanted}: the body {problem}")),
        None => ApiError::malformed(format!("{error}; {wanted}")),
    })
}

/// Decompresses a body to at most [`DECOMPRESSED_BYTES_MAX`].
///
/// # Errors
/// 400 when the body is not compressed that way, 413 when it is too large, 503 when too much memory is
/// reserved.
pub(crate) fn decompress(
    compression: Compression,
    body: Bytes,
    reserved: &mut Reserved,
) -> Result<Bytes, ApiError> {
    let named = match compression {
        Compression::None => return Ok(body),
        Compression::Gzip => "gzip",
        Compression::Zstd => "zstd",
    };
    if matches!(body.trim_ascii_start().first(), Some(b'{' | b'[')) {
        let detail = format!("says {named}, but the body is not compressed; leave the header out");
        return Err(ApiError::header(ErrorCode::MalformedBody, "content-encoding", detail));
    }
    if compression == Compression::Gzip {
        return decompress_from(flate2::read::MultiGzDecoder::new(&*body), named, reserved);
    }
    let failed = |error| ApiError::malformed(format!("zstd cannot start: {error}"));
    let mut reader = zstd::Decoder::with_buffer(&*body).map_err(failed)?;
    reader.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(failed)?;
    decompress_from(reader, named, reserved)
}

fn decompress_from(
    mut reader: impl Read,
    compression: &str,
    reserved: &mut Reserved,
) -> Result<Bytes, ApiError> {
    let broken =
        |error| ApiError::malformed(format!("the body is not valid {compression}: {error}"));
    reserved.grow(CHUNK_BYTES)?;
    let mut start = Vec::new();
    (&mut reader).take(CHUNK_BYTES as u64).read_to_end(&mut start).map_err(broken)?;
    if start.len() < CHUNK_BYTES {
        return Ok(start.into());
    }
    // A large body is mapped outside the heap: pages that are not touched cost nothing, nothing is copied as
    // it grows, and all of it is returned to the system at once.
    let unmapped = |_| ApiError::busy("there is no memory for the decompressed body");
    let mut room = MmapMut::map_anon(DECOMPRESSED_BYTES_MAX + 1).map_err(unmapped)?;
    let mut filled = 0;
    let mut source = Cursor::new(start).chain(reader);
    for chunk in room.chunks_mut(CHUNK_BYTES) {
        reserved.grow(CHUNK_BYTES)?;
        let read = fill(&mut source, chunk).map_err(broken)?;
        filled += read;
        if read < chunk.len() {
            return Ok(Bytes::from_owner(room).slice(..filled));
        }
    }
    Err(ApiError::too_large("the decompressed body", DECOMPRESSED_BYTES_MAX))
}

/// Reads until `room` is full or the source ends; returns the number of bytes read.
fn fill(source: &mut impl Read, room: &mut [u8]) -> std::io::Result<usize> {
    let mut unfilled = Cursor::new(room);
    let wanted = unfilled.get_ref().len() as u64;
    std::io::copy(&mut source.take(wanted), &mut unfilled).map(|read| read as usize)
}

#[cfg(test)]
mod tests;
