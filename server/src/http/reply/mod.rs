//! How an answer is sent: in the format of `Accept`, compressed as `Accept-Encoding` allows, and with an
//! `ETag`, so that a client that has it already gets 304.
//!
//! A handler takes [`Reply`] as an argument, states where the time range of its answer ends with
//! [`Reply::ends_at`], and calls [`Reply::send`].

pub(crate) mod markdown;
pub(crate) mod negotiate;

use std::hash::BuildHasher;
use std::io::Write;
use std::sync::LazyLock;

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use foldhash::quality::RandomState;
use plimsoll_storage::TimestampMs;
use schemars::{Schema, SchemaGenerator};
use serde::Serialize;

use crate::error::{ApiError, ErrorCode};
use crate::http::body::Compression;
use crate::http::reply::negotiate::Preferences;
use crate::wire::rows;

/// Answers below this size are not compressed: they fit into one network packet.
const COMPRESSED_BYTES_MIN: usize = 1_400;
/// An answer about slots older than this is not expected to change, because late data has arrived by then.
const LATE_DATA_MS: i64 = 15 * 60 * 1000;
/// What an answer depends on beside its address: a key may see some partners only.
const VARIES_BY: HeaderValue =
    HeaderValue::from_static("accept, accept-encoding, authorization, x-api-key");
/// How long such an answer may be cached without revalidation.
const CACHED_FOR: HeaderValue = HeaderValue::from_static("private, max-age=60");
/// How many blocks could not be read; JSON lists them in `damaged`.
const DAMAGED: &str = "plimsoll-damaged";

/// The format of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
    Ndjson,
}

impl Format {
    /// In order of preference, for clients without one.
    const ALL: [Self; 3] = [Self::Json, Self::Csv, Self::Ndjson];

    const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            _ => self.media_type(),
        }
    }

    /// The names under which it may be asked for, the most specific first.
    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Json => &["application/json", "application/*", "*/*"],
            Self::Csv => &["text/csv", "text/*", "*/*"],
            Self::Ndjson => &["application/x-ndjson", "application/ndjson", "application/*", "*/*"],
        }
    }

    fn accepted(headers: &HeaderMap) -> Result<Self, ApiError> {
        let accept = Preferences::of(headers, &header::ACCEPT);
        if accept.is_empty() {
            return Ok(Self::Json);
        }
        let quality = |format: Self| accept.quality(format.names()).unwrap_or(0);
        // `max_by_key` returns the last of several equal ones; the first is wanted.
        let best = Self::ALL.into_iter().rev().max_by_key(|format| quality(*format));
        best.filter(|format| quality(*format) > 0)
            .ok_or_else(|| not_acceptable(&Self::ALL.map(Self::media_type)))
    }

    fn write(
        self,
        body: &impl Serialize,
        rows: Rows,
        mut columns: rows::Columns,
    ) -> Result<Vec<u8>, ApiError> {
        let failed = |error: &dyn std::error::Error| ApiError::internal(error);
        let value = || serde_json::to_value(body).map_err(|error| failed(&error));
        match self {
            Self::Json => serde_json::to_vec(body).map_err(|error| failed(&error)),
            Self::Csv => {
                rows.add_columns(&mut columns);
                rows::to_csv(&value()?, rows.lists, columns).map_err(|error| failed(&error))
            }
            Self::Ndjson => rows::to_ndjson(&value()?, rows.lists).map_err(|error| failed(&error)),
        }
    }
}

/// The schema of an answer that can be sent as rows; the router adds it to the request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowSchema(pub(crate) fn(&mut SchemaGenerator) -> Schema);

/// What of an answer are rows.
#[derive(Debug, Clone, Copy)]
struct Rows {
    lists: &'static [&'static str],
    schema: Option<RowSchema>,
}

impl Rows {
    /// Adds the columns that the schema has.
    fn add_columns(self, columns: &mut rows::Columns) {
        let Some(RowSchema(schema)) = self.schema else { return };
        let mut generator = SchemaGenerator::default();
        let body = schema(&mut generator).to_value();
        columns.add_schema(&body, generator.definitions(), self.lists);
    }
}

/// Answers 406 to a request that allows none of some media types.
pub(crate) async fn offer(
    offered: &'static [&'static str],
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let accept = Preferences::of(request.headers(), &header::ACCEPT);
    let allows = |media_type: &&str| {
        let range = media_type.split_once('/').map(|(kind, _)| format!("{kind}/*"));
        accept.quality(&[media_type, range.as_deref().unwrap_or_default(), "*/*"]).unwrap_or(0) > 0
    };
    if !accept.is_empty() && !offered.iter().any(allows) {
        return Err(not_acceptable(offered));
    }
    Ok(next.run(request).await)
}

fn not_acceptable(offered: &[&str]) -> ApiError {
    let detail = format!("must allow one of {}", offered.join(", "));
    ApiError::header(ErrorCode::NotAcceptable, header::ACCEPT.as_str(), detail)
}

/// How the answer to one request is sent.
#[derive(Debug)]
pub(crate) struct Reply {
    format: Format,
    rows: Rows,
    compression: Compression,
    /// The `If-None-Match` header.
    known: Option<HeaderValue>,
    /// Whether late data can no longer change the answer.
    is_final: bool,
    /// How many blocks could not be read.
    damaged: usize,
    /// The columns of a table that its parameters decide.
    columns: rows::Columns,
}

impl<S: Sync> FromRequestParts<S> for Reply {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let mut reply = Self::of(&parts.headers)?;
        reply.rows.schema = parts.extensions.get().copied();
        Ok(reply)
    }
}

impl Reply {
    fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        Ok(Self {
            format: Format::accepted(headers)?,
            rows: Rows { lists: &[], schema: None },
            compression: accepted_compression(headers),
            known: headers.get(header::IF_NONE_MATCH).cloned(),
            is_final: false,
            damaged: 0,
            columns: rows::Columns::default(),
        })
    }

    /// Sets the end of what the answer covers. An answer that ended long enough ago may be cached for a
    /// while; without an end it is revalidated each time.
    pub(crate) const fn ends_at(mut self, end: TimestampMs, now: TimestampMs) -> Self {
        self.is_final = now.since_ms(end) >= LATE_DATA_MS;
        self
    }

    /// Sets how many blocks could not be read. An answer that lacks some is not cached.
    pub(crate) const fn damaged(mut self, blocks: usize) -> Self {
        self.damaged = blocks;
        self
    }

    /// Sets which lists of the answer are its rows, when it has others as well.
    pub(crate) const fn rows_of(mut self, lists: &'static [&'static str]) -> Self {
        self.rows.lists = lists;
        self
    }

    /// Sets an example of the answer with one row: a table has its columns, also without rows.
    ///
    /// # Errors
    /// 500 when the example cannot be written.
    pub(crate) fn like<B: Serialize>(
        mut self,
        example: impl FnOnce() -> B,
    ) -> Result<Self, ApiError> {
        if self.format == Format::Csv {
            let example = serde_json::to_value(example()).map_err(|e| ApiError::internal(&e))?;
            self.columns.add_example(&example, self.rows.lists);
        }
        Ok(self)
    }

    /// Writes the answer. This may block: a large answer takes a while to write and compress.
    ///
    /// # Errors
    /// 500 when the body cannot be written.
    pub(crate) fn send(self, body: &impl Serialize) -> Result<Response, ApiError> {
        let bytes = self.format.write(body, self.rows, self.columns)?;
        let is_small = bytes.len() < COMPRESSED_BYTES_MIN;
        let compression = if is_small { Compression::None } else { self.compression };
        let tag = entity_tag(&bytes, compression);
        let known = self.known.as_ref().is_some_and(|known| lists(known, &tag));
        let mut response = if known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            compress(compression, bytes)
                .map_err(|error| ApiError::internal(&error))?
                .into_response()
        };
        let headers = response.headers_mut();
        if !known {
            let content_type = HeaderValue::from_static(self.format.content_type());
            headers.insert(header::CONTENT_TYPE, content_type);
            if let Some(coding) = coding(compression) {
                headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
            }
        }
        let is_cached = self.is_final && self.damaged == 0;
        let caching = if is_cached { CACHED_FOR } else { HeaderValue::from_static("no-cache") };
        headers.insert(header::CACHE_CONTROL, caching);
        headers.insert(header::VARY, VARIES_BY);
        headers.insert(header::ETAG, tag);
        if self.damaged > 0 {
            headers.insert(DAMAGED, self.damaged.into());
        }
        Ok(response)
    }
}

/// The name of a content coding; `None` for bytes that are not compressed.
const fn coding(compression: Compression) -> Option<&'static str> {
    match compression {
        Compression::None => None,
        Compression::Gzip => Some("gzip"),
        Compression::Zstd => Some("zstd"),
    }
}

fn accepted_compression(headers: &HeaderMap) -> Compression {
    let accept = Preferences::of(headers, &header::ACCEPT_ENCODING);
    let quality = |compression| match coding(compression) {
        Some(coding) => accept.quality(&[coding, "*"]).unwrap_or(0),
        // Acceptable without being listed, but any coding that is listed comes first.
        None => accept.quality(&["identity"]).unwrap_or(1),
    };
    let offers = [Compression::None, Compression::Gzip, Compression::Zstd];
    offers.into_iter().max_by_key(|one| quality(*one)).unwrap_or(Compression::None)
}

fn compress(compression: Compression, bytes: Vec<u8>) -> std::io::Result<Vec<u8>> {
    match compression {
        Compression::None => Ok(bytes),
        Compression::Gzip => {
            let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            writer.write_all(&bytes)?;
            writer.finish()
        }
        Compression::Zstd => zstd::encode_all(bytes.as_slice(), 1),
    }
}

/// A strong tag (RFC 9110, section 8.8.3): different bytes have different tags, but for one chance in 2⁶⁴.
/// Each process seeds the hash with a random number, so that nobody can push labels that make two answers
/// collide. A cryptographic hash took a fifth of the time that a large answer takes to write.
fn entity_tag(bytes: &[u8], compression: Compression) -> HeaderValue {
    static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::default);
    let hash = SEED.hash_one(bytes);
    let suffix = coding(compression).map(|coding| format!("-{coding}")).unwrap_or_default();
    HeaderValue::try_from(format!("\"{hash:016x}{suffix}\""))
        .unwrap_or(HeaderValue::from_static("\"\""))
}

/// Whether an `If-None-Match` lists a tag; a weak one counts (RFC 9110, section 13.1.2).
fn lists(known: &HeaderValue, tag: &HeaderValue) -> bool {
    let (Ok(known), Ok(tag)) = (known.to_str(), tag.to_str()) else { return false };
    known
        .split(',')
        .map(str::trim)
        .any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

#[cfg(test)]
mod tests;
