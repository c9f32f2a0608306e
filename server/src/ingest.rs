//! Pushed items become a batch: each field is checked, and what fails is refused by name while the
//! rest is kept.

use std::{borrow::Cow, fmt};

use plimsoll_storage::{
    Batch, BatchBuilder, Cell, GaugeCell, Histogram, HistogramError, Label, LabelError, Outcome,
    Slot, SlotWidth, Store, StreamKind, StreamRef, TimestampMs, check_label, limits,
};

use crate::wire::{
    item::{ItemKind, Pairs, RawHistogram, RawItem},
    push::{Place, Sink, truncated},
    scalar::{Counts, Nested, Scalar},
    time,
};

/// How far ahead of the server's clock an item may lie, in ms.
pub(crate) const SKEW_MS_MAX: i64 = 5 * 60 * 1000;
/// The oldest time taken: 2000-01-01. Before it lies a unit mistake, such as seconds for ms.
const OLDEST: TimestampMs = TimestampMs(946_684_800_000);
/// Refusals that are listed in full; the rest is only counted, so that an answer stays bounded.
const REFUSALS_LISTED_MAX: usize = 1_000;
/// Ids an event may carry.
const IDS_MAX: usize = 16;

/// Why a field was refused: a stable code and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) code: &'static str,
    pub(crate) detail: String,
}

impl Problem {
    fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

/// An item that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// JSON pointer to the field.
    pub(crate) pointer: String,
    /// Line of an NDJSON body, from 1.
    pub(crate) line: Option<usize>,
    pub(crate) problem: Problem,
}

/// What became of the items of one request.
#[derive(Debug)]
pub(crate) struct Ingested {
    pub(crate) batch: Batch,
    pub(crate) accepted: u64,
    /// The first refusals.
    pub(crate) refusals: Vec<Refusal>,
    /// How many items were refused in all.
    pub(crate) refused: u64,
}

/// Collects the items of one request.
pub(crate) struct Ingest<'a> {
    batch: BatchBuilder<'a>,
    width: SlotWidth,
    now: TimestampMs,
    /// Older items are not worth storing: their retention is over.
    oldest_kept: TimestampMs,
    accepted: u64,
    refusals: Vec<Refusal>,
    refused: u64,
}

/// A field that failed: its place within the item, and why.
type Fault = (Cow<'static, str>, Problem);
type Checked<T> = Result<T, Fault>;

fn fault<T>(field: &'static str, code: &'static str, detail: impl Into<String>) -> Checked<T> {
    Err((Cow::Borrowed(field), Problem::new(code, detail)))
}

impl<'a> Ingest<'a> {
    pub(crate) fn new(store: &'a Store, now: TimestampMs) -> Self {
        Self {
            batch: store.batch(),
            width: store.slot_width(),
            now,
            oldest_kept: store.oldest_kept(now),
            accepted: 0,
            refusals: Vec::new(),
            refused: 0,
        }
    }

    pub(crate) fn finish(self) -> Ingested {
        Ingested {
            batch: self.batch.finish(),
            accepted: self.accepted,
            refusals: self.refusals,
            refused: self.refused,
        }
    }

    fn refuse(&mut self, place: Place, field: &str, problem: Problem) {
        self.refused += 1;
        if self.refusals.len() < REFUSALS_LISTED_MAX {
            let line = match place {
                Place::Line(number) => Some(number + 1),
                Place::List(..) | Place::WholeList(_) => None,
            };
            self.refusals.push(Refusal { pointer: format!("{place}{field}"), line, problem });
        }
    }

    fn event(&mut self, item: &RawItem<'_>) -> Checked<()> {
        let stream = activity_stream(item)?;
        let at = self.time("/at", &item.at)?;
        let outcome = outcome_of(item)?;
        let seconds = latency_s(&item.latency_ms)?;
        check_ids(&item.ids)?;
        optional_text("/stage", &item.stage)?;
        let slot = self.width.slot_of(at);
        let cell = self.batch.activity(stream, slot).map_err(|error| store_fault(&error))?;
        cell.record(outcome, seconds, at);
        Ok(())
    }

    fn summary(&mut self, item: &RawItem<'_>) -> Checked<()> {
        let stream = activity_stream(item)?;
        let start = self.time("/start", &item.start)?;
        let step_ms = self.step_ms(&item.step_s)?;
        let mut cell = Cell::default();
        read_outcomes(&item.outcomes, &mut cell)?;
        if let Nested::Is(histogram) = &item.latency {
            cell.durations = read_histogram(histogram)?;
        } else if let Nested::Wrong(kind) = &item.latency {
            return fault("/latency", "wrong_type", format!("must be an object, not {kind}"));
        }
        cell.last_at = self.summary_last_at(item, &cell, start, step_ms)?;
        let slot = self.width.slot_of(start);
        self.batch.activity(stream, slot).map_err(|error| store_fault(&error))?.merge(&cell);
        Ok(())
    }

    fn gauge(&mut self, item: &RawItem<'_>) -> Checked<()> {
        let name = required_text("/name", &item.name)?;
        let stream = stream_of(StreamKind::Gauge, name, item)?;
        let at = self.time("/at", &item.at)?;
        let value = number("/value", &item.value)?;
        let slot: Slot = self.width.slot_of(at);
        self.batch
            .gauge(stream, slot, GaugeCell::new(value, at))
            .map_err(|error| store_fault(&error))
    }

    /// A moment that the store takes: not before 2000, not past its retention, not too far in the
    /// future.
    fn time(&self, field: &'static str, value: &Scalar<'_>) -> Checked<TimestampMs> {
        let Some(at) = read_time(field, value)? else {
            return fault(field, "missing_field", "is required: RFC 3339 or epoch milliseconds");
        };
        if at < OLDEST {
            return fault(
                field,
                "out_of_range",
                format!(
                    "{} is before the year 2000; epoch times are in milliseconds",
                    time::format(at)
                ),
            );
        }
        if at < self.oldest_kept {
            return fault(
                field,
                "outside_retention",
                format!(
                    "{} is before {}, the oldest moment kept beside the newest data; a longer setting `retention_15m` would keep it",
                    time::format(at),
                    time::format(self.oldest_kept)
                ),
            );
        }
        if at > self.now.plus_ms(SKEW_MS_MAX) {
            return fault(
                field,
                "in_the_future",
                format!(
                    "{} is more than 5 minutes ahead of the server's clock, {}",
                    time::format(at),
                    time::format(self.now)
                ),
            );
        }
        Ok(at)
    }

    /// A multiple of the slot up to an hour; one slot when it is left out.
    fn step_ms(&self, value: &Scalar<'_>) -> Checked<i64> {
        if *value == Scalar::Missing {
            return Ok(self.width.ms());
        }
        let seconds = number("/step_s", value)?;
        let ms = (seconds * 1e3).round();
        let slot_ms = self.width.ms();
        let whole = ms > 0.0 && ms <= limits::STEP_MS_MAX as f64 && (ms as i64) % slot_ms == 0;
        if !whole {
            let slot_s = slot_ms / 1_000;
            return fault(
                "/step_s",
                "out_of_range",
                format!("must be a multiple of the slot ({slot_s} s) up to 3600, not {seconds}"),
            );
        }
        Ok(ms as i64)
    }

    /// The newest event time of a summary: what it says, or the end of its step when it has counts.
    fn summary_last_at(
        &self,
        item: &RawItem<'_>,
        cell: &Cell,
        start: TimestampMs,
        step_ms: i64,
    ) -> Checked<Option<TimestampMs>> {
        let Some(said) = read_time("/last_at", &item.last_at)? else {
            let counted = cell.outcomes.total() > 0 || !cell.durations.is_empty();
            let end = start.plus_ms(step_ms - 1).min(self.now.max(start));
            return Ok(counted.then_some(end));
        };
        if said < start || said > start.plus_ms(step_ms) {
            return fault(
                "/last_at",
                "out_of_range",
                format!("{} lies outside the summary's step", time::format(said)),
            );
        }
        Ok(Some(said))
    }
}

impl Sink for Ingest<'_> {
    fn item(&mut self, place: Place, kind: ItemKind, item: &RawItem<'_>) {
        let checked = match kind {
            ItemKind::Event => self.event(item),
            ItemKind::Summary => self.summary(item),
            ItemKind::Gauge => self.gauge(item),
        };
        match checked {
            Ok(()) => self.accepted += 1,
            Err((field, problem)) => self.refuse(place, &field, problem),
        }
    }

    fn not_an_item(&mut self, place: Place, field: &str, problem: &str) {
        self.refuse(place, field, Problem::new("wrong_type", problem));
    }
}

impl fmt::Debug for Ingest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ingest").field("accepted", &self.accepted).finish_non_exhaustive()
    }
}

fn store_fault(error: &plimsoll_storage::Error) -> Fault {
    (Cow::Borrowed(""), Problem::new("stream_limit", error.to_string()))
}

fn activity_stream<'i>(item: &'i RawItem<'_>) -> Checked<StreamRef<'i>> {
    let name = required_text("/stream", &item.stream)?;
    stream_of(StreamKind::Activity, name, item)
}

fn stream_of<'i>(kind: StreamKind, name: &'i str, item: &'i RawItem<'_>) -> Checked<StreamRef<'i>> {
    let mut labels = [""; Label::COUNT];
    labels[Label::Partner as usize] = required_text("/partner", &item.partner)?;
    labels[Label::Operation as usize] = optional_text("/operation", &item.operation)?;
    let environment = optional_text("/environment", &item.environment)?;
    labels[Label::Environment as usize] =
        if environment.is_empty() { "production" } else { environment };
    labels[Label::Site as usize] = optional_text("/site", &item.site)?;
    labels[Label::Release as usize] = optional_text("/release", &item.release)?;
    Ok(StreamRef { kind, name, labels })
}

fn required_text<'i>(field: &'static str, value: &'i Scalar<'_>) -> Checked<&'i str> {
    match value {
        Scalar::Missing => fault(field, "missing_field", "is required"),
        _ => label_text(field, value),
    }
}

/// The text of a label, empty when it is left out.
fn optional_text<'i>(field: &'static str, value: &'i Scalar<'_>) -> Checked<&'i str> {
    match value {
        Scalar::Missing => Ok(""),
        _ => label_text(field, value),
    }
}

fn label_text<'i>(field: &'static str, value: &'i Scalar<'_>) -> Checked<&'i str> {
    let Scalar::Text(text) = value else {
        return fault(field, "wrong_type", format!("must be a string, not {}", value.kind()));
    };
    match check_label(text) {
        Ok(()) => Ok(text),
        Err(error @ LabelError::Empty) => fault(field, "invalid_label", error.to_string()),
        Err(error) => fault(field, "invalid_label", format!("{:?} {error}", truncated(text))),
    }
}

fn read_time(field: &'static str, value: &Scalar<'_>) -> Checked<Option<TimestampMs>> {
    let at = match value {
        Scalar::Missing => return Ok(None),
        Scalar::Int(ms) => Some(TimestampMs(*ms)),
        Scalar::Uint(ms) => i64::try_from(*ms).ok().map(TimestampMs),
        Scalar::Float(ms) if ms.abs() < 9e15 => Some(TimestampMs(ms.floor() as i64)),
        Scalar::Text(text) => time::parse(text),
        _ => None,
    };
    match (at, value) {
        (Some(at), _) => Ok(Some(at)),
        (None, Scalar::Text(text)) => fault(
            field,
            "invalid_time",
            format!("{:?} is no time; use RFC 3339 or epoch milliseconds", truncated(text)),
        ),
        (None, Scalar::Uint(_) | Scalar::Float(_)) => {
            fault(field, "out_of_range", "is beyond the range of epoch milliseconds")
        }
        (None, _) => fault(
            field,
            "wrong_type",
            format!("must be RFC 3339 or epoch milliseconds, not {}", value.kind()),
        ),
    }
}

fn number(field: &'static str, value: &Scalar<'_>) -> Checked<f64> {
    match value {
        Scalar::Int(number) => Ok(*number as f64),
        Scalar::Uint(number) => Ok(*number as f64),
        Scalar::Float(number) => Ok(*number),
        Scalar::Missing => fault(field, "missing_field", "is required"),
        Scalar::Text(text) => {
            fault(field, "wrong_type", format!("must be a number, not {:?}", truncated(text)))
        }
        other => fault(field, "wrong_type", format!("must be a number, not {}", other.kind())),
    }
}

/// A count: a whole number from 0; 0 when it is left out.
fn count(field: &'static str, value: &Scalar<'_>) -> Checked<u64> {
    match value {
        Scalar::Missing => Ok(0),
        Scalar::Uint(count) => Ok(*count),
        Scalar::Int(_) => fault(field, "out_of_range", "must not be negative"),
        other => {
            fault(field, "wrong_type", format!("must be a whole number, not {}", other.kind()))
        }
    }
}

fn integer(field: &'static str, value: &Scalar<'_>) -> Checked<i64> {
    match value {
        Scalar::Missing => Ok(0),
        Scalar::Int(number) => Ok(*number),
        Scalar::Uint(number) => Ok(i64::try_from(*number).unwrap_or(i64::MAX)),
        other => {
            fault(field, "wrong_type", format!("must be a whole number, not {}", other.kind()))
        }
    }
}

/// The class an event names, or that of its HTTP status. A named class is the more exact of the two.
fn outcome_of(item: &RawItem<'_>) -> Checked<Outcome> {
    match (&item.outcome, &item.status) {
        (Scalar::Missing, Scalar::Missing) => fault(
            "/outcome",
            "missing_field",
            "either status (an HTTP status) or outcome (a class) is required",
        ),
        (Scalar::Missing, status) => outcome_of_status(status),
        (Scalar::Text(name), _) => match Outcome::parse(name) {
            Some(outcome) => Ok(outcome),
            None => Err((Cow::Borrowed("/outcome"), unknown_outcome(name))),
        },
        (other, _) => {
            fault("/outcome", "wrong_type", format!("must be a string, not {}", other.kind()))
        }
    }
}

fn outcome_of_status(status: &Scalar<'_>) -> Checked<Outcome> {
    let status = match status {
        Scalar::Uint(_) | Scalar::Int(_) => integer("/status", status)?,
        other => {
            let detail = format!("must be an HTTP status as a number, not {}", other.kind());
            return fault("/status", "wrong_type", detail);
        }
    };
    match u16::try_from(status).ok().and_then(Outcome::of_status) {
        Some(outcome) => Ok(outcome),
        None => fault(
            "/status",
            "out_of_range",
            format!("{status} is no final HTTP status; 101 and 200 to 599 are"),
        ),
    }
}

fn unknown_outcome(name: &str) -> Problem {
    let known = Outcome::ALL.map(Outcome::as_str).join(", ");
    Problem::new(
        "unknown_outcome",
        format!("{:?} is no outcome class; the classes are {known}", truncated(name)),
    )
}

fn latency_s(value: &Scalar<'_>) -> Checked<Option<f64>> {
    if *value == Scalar::Missing {
        return Ok(None);
    }
    let ms = number("/latency_ms", value)?;
    let seconds = ms / 1e3;
    if ms < 0.0 {
        return fault("/latency_ms", "out_of_range", format!("must not be negative, is {ms}"));
    }
    if seconds > limits::DURATION_S_MAX {
        return fault("/latency_ms", "out_of_range", format!("{ms} ms is beyond 34 years"));
    }
    Ok(Some(seconds))
}

fn check_ids(ids: &Nested<Pairs<'_>>) -> Checked<()> {
    let pairs = match ids {
        Nested::Missing => return Ok(()),
        Nested::Wrong(kind) => {
            return fault("/ids", "wrong_type", format!("must be an object, not {kind}"));
        }
        Nested::Is(Pairs(pairs)) => pairs,
    };
    if pairs.len() > IDS_MAX {
        return fault(
            "/ids",
            "out_of_range",
            format!("has {} ids, the limit is {IDS_MAX}", pairs.len()),
        );
    }
    for (name, value) in pairs {
        if let Err((_, problem)) = optional_text("", value) {
            return Err((Cow::Owned(format!("/ids/{}", pointer_token(name))), problem));
        }
    }
    Ok(())
}

/// A name as a token of a JSON pointer (RFC 6901), shortened when it is long.
fn pointer_token(name: &str) -> String {
    truncated(name).replace('~', "~0").replace('/', "~1")
}

fn read_outcomes(outcomes: &Nested<Pairs<'_>>, cell: &mut Cell) -> Checked<()> {
    let pairs = match outcomes {
        Nested::Missing => return Ok(()),
        Nested::Wrong(kind) => {
            return fault("/outcomes", "wrong_type", format!("must be an object, not {kind}"));
        }
        Nested::Is(Pairs(pairs)) => pairs,
    };
    for (name, value) in pairs {
        let at = || Cow::Owned(format!("/outcomes/{}", pointer_token(name)));
        let outcome = Outcome::parse(name).ok_or_else(|| (at(), unknown_outcome(name)))?;
        let count = count("", value).map_err(|(_, problem)| (at(), problem))?;
        cell.outcomes.add(outcome, count);
    }
    Ok(())
}

fn read_histogram(raw: &RawHistogram<'_>) -> Checked<Histogram> {
    let scale = match &raw.scale {
        Scalar::Missing => return fault("/latency/scale", "missing_field", "is required"),
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
            return fault(
                "/latency/positive",
                "wrong_type",
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
        (Cow::Borrowed(field), Problem::new("out_of_range", error.to_string()))
    })
}

fn bucket_counts(counts: &Counts) -> Checked<&[u64]> {
    let field = "/latency/positive/bucket_counts";
    match counts {
        Counts::Missing => Ok(&[]),
        Counts::Are(counts) => Ok(counts),
        Counts::Wrong(kind) => fault(field, "wrong_type", format!("must be a list, not {kind}")),
        Counts::WrongAt(position, kind) => Err((
            Cow::Owned(format!("{field}/{position}")),
            Problem::new("wrong_type", format!("must be a whole number from 0, not {kind}")),
        )),
    }
}

#[cfg(test)]
mod tests;
