//! How an answer goes out: in the form `Accept` asks for, packed as `Accept-Encoding` allows, and
//! under an `ETag`, so that whoever has it already is told so in a few bytes.
//!
//! A handler takes [`Reply`] as an argument, says with [`Reply::settled`] what its answer covers,
//! and ends with [`Reply::send`].

pub(crate) mod markdown;
pub(crate) mod negotiate;

use std::hash::BuildHasher;
use std::io::Write;
use std::sync::LazyLock;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use foldhash::quality::RandomState;
use plimsoll_storage::TimestampMs;
use serde::Serialize;

use crate::error::ApiError;
use crate::http::body::Packing;
use crate::http::reply::negotiate::Preferences;
use crate::wire::rows;

/// Answers below this size are not packed: they fit into one packet as they are.
const PACKED_BYTES_MIN: usize = 1_400;
/// An answer about slots older than this is not expected to change: late data has come by then.
const SETTLED_MS: i64 = 15 * 60 * 1000;
/// How long a settled answer may be kept without asking again.
const SETTLED_FOR: HeaderValue = HeaderValue::from_static("private, max-age=60");
/// How many blocks could not be read; JSON names them in `damaged`.
const DAMAGED: &str = "plimsoll-damaged";

/// What an answer looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Csv,
    Ndjson,
}

impl Form {
    /// In the order of preference where the caller has none.
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
        let quality = |form: Self| accept.quality(form.names()).unwrap_or(0);
        // The first of the best: `max_by_key` would take the last.
        let best = Self::ALL.into_iter().rev().max_by_key(|form| quality(*form));
        best.filter(|form| quality(*form) > 0)
            .ok_or_else(|| ApiError::not_acceptable(&Self::ALL.map(Self::media_type)))
    }

    fn write(self, body: &impl Serialize) -> Result<Vec<u8>, ApiError> {
        let failed = |error: &dyn std::error::Error| ApiError::internal(error);
        let value = || serde_json::to_value(body).map_err(|error| failed(&error));
        match self {
            Self::Json => serde_json::to_vec(body).map_err(|error| failed(&error)),
            Self::Csv => rows::to_csv(&value()?).map_err(|error| failed(&error)),
            Self::Ndjson => rows::to_ndjson(&value()?).map_err(|error| failed(&error)),
        }
    }
}

/// How the answer to one request goes out.
#[derive(Debug)]
pub(crate) struct Reply {
    form: Form,
    packing: Packing,
    /// The `If-None-Match` header.
    known: Option<HeaderValue>,
    settled: bool,
    damaged: usize,
}

impl<S: Sync> FromRequestParts<S> for Reply {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Self::of(&parts.headers)
    }
}

impl Reply {
    fn of(headers: &HeaderMap) -> Result<Self, ApiError> {
        Ok(Self {
            form: Form::accepted(headers)?,
            packing: accepted_packing(headers),
            known: headers.get(header::IF_NONE_MATCH).cloned(),
            settled: false,
            damaged: 0,
        })
    }

    /// The answer covers nothing at or after `end`: once that is long enough ago, it may be kept for
    /// a while. An answer of which this is not said is asked for anew each time.
    pub(crate) const fn settled(mut self, end: TimestampMs, now: TimestampMs) -> Self {
        self.settled = now.since_ms(end) >= SETTLED_MS;
        self
    }

    /// So many blocks could not be read. An answer that lacks something is not to be kept.
    pub(crate) const fn damaged(mut self, blocks: usize) -> Self {
        self.damaged = blocks;
        self
    }

    /// The answer. Call it where blocking is fine: a large one takes a while to write and pack.
    ///
    /// # Errors
    /// 500 when the body cannot be written; no body of this server is such.
    pub(crate) fn send(self, body: &impl Serialize) -> Result<Response, ApiError> {
        let bytes = self.form.write(body)?;
        let packing = if bytes.len() < PACKED_BYTES_MIN { Packing::Plain } else { self.packing };
        let tag = entity_tag(&bytes, packing);
        let known = self.known.as_ref().is_some_and(|known| lists(known, &tag));
        let mut response = if known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            pack(packing, bytes).map_err(|error| ApiError::internal(&error))?.into_response()
        };
        let headers = response.headers_mut();
        if !known {
            let content_type = HeaderValue::from_static(self.form.content_type());
            headers.insert(header::CONTENT_TYPE, content_type);
            if let Some(coding) = coding(packing) {
                headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
            }
        }
        let keep = self.settled && self.damaged == 0;
        let caching = if keep { SETTLED_FOR } else { HeaderValue::from_static("no-cache") };
        headers.insert(header::CACHE_CONTROL, caching);
        headers.insert(header::VARY, HeaderValue::from_static("accept, accept-encoding"));
        headers.insert(header::ETAG, tag);
        if self.damaged > 0 {
            headers.insert(DAMAGED, self.damaged.into());
        }
        Ok(response)
    }
}

/// The content coding of a packing; `None` when bytes go as they are.
const fn coding(packing: Packing) -> Option<&'static str> {
    match packing {
        Packing::Plain => None,
        Packing::Gzip => Some("gzip"),
        Packing::Zstd => Some("zstd"),
    }
}

fn accepted_packing(headers: &HeaderMap) -> Packing {
    let accept = Preferences::of(headers, &header::ACCEPT_ENCODING);
    let quality = |packing| match coding(packing) {
        Some(coding) => accept.quality(&[coding, "*"]).unwrap_or(0),
        // Needs not be asked for, and gives way to whatever is.
        None => accept.quality(&["identity"]).unwrap_or(1),
    };
    let offers = [Packing::Plain, Packing::Gzip, Packing::Zstd];
    offers.into_iter().max_by_key(|packing| quality(*packing)).unwrap_or(Packing::Plain)
}

fn pack(packing: Packing, bytes: Vec<u8>) -> std::io::Result<Vec<u8>> {
    match packing {
        Packing::Plain => Ok(bytes),
        Packing::Gzip => {
            let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            writer.write_all(&bytes)?;
            writer.finish()
        }
        Packing::Zstd => zstd::encode_all(bytes.as_slice(), 1),
    }
}

/// A strong tag (RFC 9110, section 8.8.3): another for other bytes sent, but for one chance in 2⁶⁴.
/// The hash is seeded anew by each process, so that nobody can push labels that make two answers meet;
/// a cryptographic one took a fifth of the time that a large answer takes to write.
fn entity_tag(bytes: &[u8], packing: Packing) -> HeaderValue {
    static SEED: LazyLock<RandomState> = LazyLock::new(RandomState::default);
    let hash = SEED.hash_one(bytes);
    let suffix = coding(packing).map(|coding| format!("-{coding}")).unwrap_or_default();
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
