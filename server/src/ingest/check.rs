//! One item: each of its fields is checked, and the first that fails is named.

use std::borrow::Cow;

use plimsoll_storage::limits::{self, COUNT_MAX};
use plimsoll_storage::{
    Cell, GaugeCell, Histogram, HistogramError, IdName, Ids, Label, Outcome, Slot, SlotWidth,
    StreamKind, StreamRef, TimestampMs,
};

use super::field::{
    Checked, Problem, count, fault, integer, number, optional_text, read_time, required_text,
    too_many,
};
use crate::wire::push::item::{ItemKind, Pairs, RawHistogram, RawItem};
use crate::wire::push::tolerant::{Counts, Nested, Scalar};
use crate::wire::push::truncated;
use crate::wire::time;

/// The oldest time taken: 2000-01-01. Before it lies a unit mistake, such as seconds for ms.
const OLDEST: TimestampMs = TimestampMs(946_684_800_000);
/// Ids an event may carry.
const IDS_MAX: usize = 16;

/// An item that holds: what it adds to which slot of which stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item<'i> {
    pub(crate) stream: StreamRef<'i>,
    pub(crate) slot: Slot,
    pub(crate) delta: Delta,
    /// Ids of an event that are known by name; empty where it has none.
    pub(crate) ids: Ids<&'i str>,
    /// The moment up to which it tells: of an event or a reading its own time, of a summary the end
    /// of its step.
    pub(crate) end: TimestampMs,
}

/// What an item adds to its slot.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Delta {
    Event { outcome: Outcome, seconds: Option<f64>, at: TimestampMs },
    Summary(Cell),
    Gauge(GaugeCell),
}

/// What items are checked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Checker {
    pub(crate) width: SlotWidth,
    /// The clock when the item arrived.
    pub(crate) now: TimestampMs,
    /// Older items are not worth storing: their retention is over.
    pub(crate) oldest_kept: TimestampMs,
    /// How far ahead of that clock an item may lie, in ms.
    pub(crate) ahead_ms_max: i64,
}

impl Checker {
    /// Checks every field of an item.
    ///
    /// # Errors
    /// The first field that fails.
    pub(crate) fn check<'i>(&self, kind: ItemKind, item: &'i RawItem<'_>) -> Checked<Item<'i>> {
        match kind {
            ItemKind::Event => self.event(item),
            ItemKind::Summary => self.summary(item),
            ItemKind::Gauge => self.gauge(item),
        }
    }

    fn event<'i>(&self, item: &'i RawItem<'_>) -> Checked<Item<'i>> {
        let stream = activity_stream(item)?;
        let at = self.time("/at", &item.at)?;
        let outcome = outcome_of(item)?;
        let seconds = latency_s(&item.latency_ms)?;
        let ids = ids_of(&item.ids)?;
        optional_text("/stage", &item.stage)?;
        let delta = Delta::Event { outcome, seconds, at };
        Ok(Item { stream, slot: self.width.slot_of(at), delta, ids, end: at })
    }

    fn summary<'i>(&self, item: &'i RawItem<'_>) -> Checked<Item<'i>> {
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
        let (delta, end) = (Delta::Summary(cell), start.plus_ms(step_ms));
        Ok(Item { stream, slot, delta, ids: Ids::default(), end })
    }

    fn gauge<'i>(&self, item: &'i RawItem<'_>) -> Checked<Item<'i>> {
        let name = required_text("/name", &item.name)?;
        let stream = stream_of(StreamKind::Gauge, name, item)?;
        let at = self.time("/at", &item.at)?;
        let value = number("/value", &item.value)?;
        let delta = Delta::Gauge(GaugeCell::new(value, at));
        Ok(Item { stream, slot: self.width.slot_of(at), delta, ids: Ids::default(), end: at })
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
        if at > self.now.plus_ms(self.ahead_ms_max) {
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
        // It may be older than the step: a heartbeat can tell when something happened last.
        if said < OLDEST || said > start.plus_ms(step_ms) {
            return fault(
                "/last_at",
                "out_of_range",
                format!("{} lies behind the summary's step", time::format(said)),
            );
        }
        Ok(Some(said))
    }
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

/// The ids that are known by name. The others must be texts as well.
fn ids_of<'i>(ids: &'i Nested<Pairs<'_>>) -> Checked<Ids<&'i str>> {
    let mut known = Ids::default();
    let pairs = match ids {
        Nested::Missing => return Ok(known),
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
        let id = optional_text("", value).map_err(|(_, problem)| {
            (Cow::Owned(format!("/ids/{}", pointer_token(name))), problem)
        })?;
        if let Some(name) = IdName::parse(name) {
            // In bounds: as many as there are names.
            known[name as usize] = id;
        }
    }
    Ok(known)
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
        Counts::Are(counts) => match counts.iter().position(|count| *count > COUNT_MAX) {
            None => Ok(counts),
            Some(position) => Err((
                Cow::Owned(format!("{field}/{position}")),
                // In bounds: it was found there.
                Problem::new("out_of_range", too_many(counts[position])),
            )),
        },
        Counts::Wrong(kind) => fault(field, "wrong_type", format!("must be a list, not {kind}")),
        Counts::WrongAt(position, kind) => Err((
            Cow::Owned(format!("{field}/{position}")),
            Problem::new("wrong_type", format!("must be a whole number from 0, not {kind}")),
        )),
    }
}
