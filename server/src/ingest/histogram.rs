//! The histogram of a summary: OpenTelemetry's exponential histogram, checked field by field.

use plimsoll_storage::limits::COUNT_MAX;
use plimsoll_storage::{Histogram, HistogramError};

use super::field::{Checked, FieldError, count, integer, number, too_many, wrong};
use crate::error::RejectCode;
use crate::wire::push::item::RawHistogram;
use crate::wire::push::tolerant::{Counts, Nested, Scalar};

/// Reads an OpenTelemetry exponential histogram of seconds.
///
/// # Errors
/// The first field that fails; its pointer begins with `/latency`.
pub(super) fn read_histogram(raw: &RawHistogram<'_>) -> Checked<Histogram> {
    let scale = match &raw.scale {
        Scalar::Missing => return wrong("/latency/scale", RejectCode::MissingField, "is required"),
        scale => integer("/latency/scale", scale)?,
    };
    let sum = match &raw.sum {
        Scalar::Missing => 0.0,
        sum => number("/latency/sum", sum)?,
    };
    let zero_count = count("/latency/zero_count", &raw.zero_count)?;
    let no_counts = Counts::default();
    let (offset, counts) = match &raw.positive {
        Nested::Missing => (0, &no_counts),
        Nested::Wrong(kind) => {
            return wrong(
                "/latency/positive",
                RejectCode::WrongType,
                format!("must be an object, not {kind}"),
            );
        }
        Nested::Is(buckets) => {
            (integer("/latency/positive/offset", &buckets.offset)?, &buckets.bucket_counts)
        }
    };
    let counts = bucket_counts(counts)?;
    Histogram::from_otel(scale, sum, zero_count, offset, counts).map_err(|error| {
        let field = match error {
            HistogramError::Scale(_) => "/latency/scale",
            HistogramError::Sum => "/latency/sum",
            _ => "/latency/positive",
        };
        FieldError::new(field, RejectCode::OutOfRange, error.to_string())
    })
}

fn bucket_counts(counts: &Counts) -> Checked<&[u64]> {
    const FIELD: &str = "/latency/positive/bucket_counts";
    let error =
        |at: usize, code, detail: String| FieldError::new(format!("{FIELD}/{at}"), code, detail);
    match counts {
        Counts::Missing => Ok(&[]),
        Counts::Are(counts) => match counts.iter().position(|count| *count > COUNT_MAX) {
            None => Ok(counts),
            // In bounds: it was found there.
            Some(at) => Err(error(at, RejectCode::OutOfRange, too_many(counts[at]))),
        },
        Counts::Wrong(kind) => {
            wrong(FIELD, RejectCode::WrongType, format!("must be a list, not {kind}"))
        }
        Counts::WrongAt(at, kind) => {
            let detail = format!("must be a whole number from 0, not {kind}");
            Err(error(*at, RejectCode::WrongType, detail))
        }
    }
}
