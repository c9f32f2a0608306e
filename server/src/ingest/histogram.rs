//! The histogram of a summary: OpenTelemetry's exponential histogram, checked field by field.

use plimsoll_storage::limits::COUNT_MAX;
use plimsoll_storage::{Histogram, HistogramError};

use super::field::{
    Checked, FieldError, otlp_count, otlp_integer, otlp_number, token, too_many, wrong,
};
use crate::error::RejectCode;
use crate::wire::push::item::{RareFields, RawBuckets, RawHistogram};
use crate::wire::push::likely::likely;
use crate::wire::push::tolerant::{Counts, Nested, Remarks, Scalar};

/// Durations up to this are kept as zeros: answers have whole nanoseconds.
const ZERO_S_MAX: f64 = 1e-9;

/// The parts of a histogram, with those that belong to its buckets or to histograms with bounds: misplaced,
/// they change the numbers too.
const HISTOGRAM_NAMES: &[&str] = &[
    "scale",
    "sum",
    "zero_count",
    "positive",
    "negative",
    "zero_threshold",
    "count",
    "offset",
    "bucket_counts",
    "explicit_bounds",
];
const BUCKETS_NAMES: &[&str] = &["offset", "bucket_counts"];

/// Reads an OpenTelemetry exponential histogram of seconds.
///
/// # Errors
/// The first field that fails; its pointer begins with `/latency`.
pub(super) fn read_histogram(raw: &RawHistogram<'_>) -> Checked<Histogram> {
    check_names("/latency", &raw.remarks, HISTOGRAM_NAMES)?;
    let scale = match &raw.scale {
        Scalar::Missing => return wrong("/latency/scale", RejectCode::MissingField, "is required"),
        scale => otlp_integer("/latency/scale", scale)?,
    };
    let sum = otlp_number("/latency/sum", &raw.sum)?;
    let zero_count = otlp_count("/latency/zero_count", &raw.zero_count)?;
    let (offset, counts) = read_buckets("/latency/positive", &raw.positive)?;
    if let Some(rare) = &raw.rare {
        check_rare(rare, zero_count, counts)?;
    }
    let histogram =
        Histogram::from_otel(scale, sum, zero_count, offset, counts).map_err(|error| {
            let field = match error {
                HistogramError::Scale(_) => "/latency/scale",
                HistogramError::Sum => "/latency/sum",
                _ => "/latency/positive",
            };
            FieldError::new(field, RejectCode::OutOfRange, error.to_string())
        })?;
    // The buckets were probably sent under a name that is not known.
    if sum > 0.0 && histogram.count() == 0 {
        let detail = format!("is {sum}, but no bucket has a count; send `positive`");
        return wrong("/latency/sum", RejectCode::OutOfRange, detail);
    }
    Ok(histogram)
}

/// A histogram with a misspelt part would have other numbers, so it is rejected.
fn check_names(field: &'static str, remarks: &Remarks<'_>, known: &[&'static str]) -> Checked<()> {
    if let Some(name) = remarks.repeated() {
        return Err(FieldError::repeated(name).within(field));
    }
    for name in remarks.unknown() {
        if let Some(likely) = likely(name, known) {
            let detail = match likely {
                "offset" | "bucket_counts" if field == "/latency" => {
                    format!("belongs into `positive`: `{likely}`")
                }
                "explicit_bounds" => "belongs to a histogram with bounds; send an exponential one \
                     with scale and positive"
                    .to_owned(),
                likely => format!("is no part of a histogram; did you mean `{likely}`?"),
            };
            let field = format!("{field}{}", token(name));
            return Err(FieldError::new(field, RejectCode::UnknownField, detail));
        }
    }
    Ok(())
}

/// The offset and the counts of some buckets.
fn read_buckets<'b>(
    field: &'static str,
    buckets: &'b Nested<RawBuckets<'_>>,
) -> Checked<(i64, &'b [u64])> {
    let buckets = match buckets {
        Nested::Missing => return Ok((0, &[])),
        Nested::Wrong(kind) => {
            let detail = format!("must be an object, not {kind}");
            return wrong(field, RejectCode::WrongType, detail);
        }
        Nested::Is(buckets) => buckets,
    };
    check_names(field, &buckets.remarks, BUCKETS_NAMES)?;
    let offset = otlp_integer("/offset", &buckets.offset).map_err(|error| error.within(field))?;
    let counts = bucket_counts(&buckets.bucket_counts).map_err(|error| error.within(field))?;
    Ok((offset, counts))
}

fn bucket_counts(counts: &Counts) -> Checked<&[u64]> {
    const FIELD: &str = "/bucket_counts";
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

/// Checks what is not stored: it must not contradict what is.
fn check_rare(rare: &RareFields<'_>, zero_count: u64, counts: &[u64]) -> Checked<()> {
    let (_, negative) = read_buckets("/latency/negative", &rare.negative)?;
    if negative.iter().any(|count| *count > 0) {
        let detail = "counts durations below zero, which do not exist";
        return wrong("/latency/negative", RejectCode::OutOfRange, detail);
    }
    for (field, value) in [
        ("/latency/zero_threshold", &rare.zero_threshold),
        ("/latency/min", &rare.min),
        ("/latency/max", &rare.max),
    ] {
        if otlp_number(field, value)? < 0.0 {
            return wrong(field, RejectCode::OutOfRange, "must not be negative");
        }
    }
    if otlp_number("", &rare.zero_threshold)? > ZERO_S_MAX && zero_count > 0 {
        let detail = format!(
            "is {} s, so that zero_count has durations of which only an upper bound is known; set it to \
             0 in the client, at most {ZERO_S_MAX:?}",
            rare.zero_threshold.shown()
        );
        return wrong("/latency/zero_threshold", RejectCode::OutOfRange, detail);
    }
    let counted = counts.iter().fold(zero_count, |sum, count| sum.saturating_add(*count));
    let total = otlp_count("/latency/count", &rare.count)?;
    if rare.count != Scalar::Missing && total != counted {
        let detail = format!("is {total}, but the buckets and zero_count add up to {counted}");
        return wrong("/latency/count", RejectCode::OutOfRange, detail);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
