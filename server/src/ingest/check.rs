//! One item: each of its fields is checked, and the first that fails is named.

use std::borrow::Cow;

use plimsoll_alerting::PRODUCTION;
use plimsoll_storage::limits;
use plimsoll_storage::{
    Cell, GaugeCell, IdName, Ids, Label, Outcome, Slot, SlotWidth, StreamKind, StreamRef,
    TimestampMs, stream_name,
};

use super::field::{
    Checked, FieldError, count, number, optional_label, optional_text, read_time, required_label,
    wrong,
};
use super::histogram::read_histogram;
use crate::error::RejectCode;
use crate::wire::push::item::{ItemKind, Pairs, RawItem};
use crate::wire::push::tolerant::{Nested, Scalar};
use crate::wire::{excerpt, time};

/// Ids an event may carry.
const IDS_MAX: usize = 16;

/// A valid item: what it adds to which slot of which stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item<'i> {
    pub(crate) stream: ItemStream<'i>,
    pub(crate) slot: Slot,
    pub(crate) delta: Delta,
    /// The ids of an event that have a known name; empty where it has none.
    pub(crate) ids: Ids<&'i str>,
    /// The end of what it covers: the time of an event or a reading, the end of the step of a summary.
    pub(crate) end: TimestampMs,
}

/// The stream of an item, with the normal forms of its name and labels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ItemStream<'i> {
    kind: StreamKind,
    name: Cow<'i, str>,
    labels: [Cow<'i, str>; Label::COUNT],
}

impl ItemStream<'_> {
    pub(crate) fn as_ref(&self) -> StreamRef<'_> {
        let labels = self.labels.each_ref().map(AsRef::as_ref);
        StreamRef { kind: self.kind, name: &self.name, labels }
    }
}

/// What an item adds to its slot.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Delta {
    Event {
        outcome: Outcome,
        seconds: Option<f64>,
        at: TimestampMs,
    },
    Summary {
        summary: Cell,
        step_slots: u32,
        /// How many slots of the step have passed, at least one.
        covered_slots: u32,
    },
    Gauge(GaugeCell),
}

/// What items are checked against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Checker {
    pub(crate) width: SlotWidth,
    /// The clock when the item arrived.
    pub(crate) now: TimestampMs,
    /// Older items would expire at once.
    pub(crate) oldest_kept: TimestampMs,
    /// How far ahead of that clock an item may be, in ms.
    pub(crate) ahead_ms_max: i64,
}

impl Checker {
    /// Checks every field of an item.
    ///
    /// # Errors
    /// The first field that fails.
    pub(crate) fn check<'i>(&self, kind: ItemKind, item: &'i RawItem<'_>) -> Checked<Item<'i>> {
        if let Some(name) = item.remarks.repeated() {
            return Err(FieldError::repeated(name));
        }
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
            return wrong(
                "/latency",
                RejectCode::WrongType,
                format!("must be an object, not {kind}"),
            );
        }
        cell.last_at = self.summary_last_at(item, &cell, start, step_ms)?;
        let slot = self.width.slot_of(start);
        let step_slots = self.width.slots_in(step_ms);
        let passed = self.width.slot_of(self.now).plus(1);
        let covered_slots = passed.0.saturating_sub(slot.0).clamp(1, step_slots);
        let delta = Delta::Summary { summary: cell, step_slots, covered_slots };
        let end = start.plus_ms(step_ms);
        Ok(Item { stream, slot, delta, ids: Ids::default(), end })
    }

    fn gauge<'i>(&self, item: &'i RawItem<'_>) -> Checked<Item<'i>> {
        let name = name_of("/name", &item.name)?;
        let stream = stream_of(StreamKind::Gauge, name, item)?;
        let at = self.time("/at", &item.at)?;
        let value = number("/value", &item.value)?;
        let delta = Delta::Gauge(GaugeCell::new(value, at));
        Ok(Item { stream, slot: self.width.slot_of(at), delta, ids: Ids::default(), end: at })
    }

    /// A time that the store accepts: not outside the retention, not too far in the future.
    fn time(&self, field: &'static str, value: &Scalar<'_>) -> Checked<TimestampMs> {
        let Some(at) = read_time(field, value)? else {
            return wrong(
                field,
                RejectCode::MissingField,
                "is required: RFC 3339 or epoch milliseconds",
            );
        };
        if at < self.oldest_kept {
            return wrong(
                field,
                RejectCode::OutsideRetention,
                format!(
                    "{} is before {}, the oldest time kept beside the newest data; a longer setting `retention_15m` would keep it",
                    time::format(at),
                    time::format(self.oldest_kept)
                ),
            );
        }
        if at > self.now.plus_ms(self.ahead_ms_max) {
            return wrong(
                field,
                RejectCode::InTheFuture,
                format!(
                    "{} is more than 5 minutes ahead of the server's clock, {}; set the clock that is \
                     wrong, which may be the server's",
                    time::format(at),
                    time::format(self.now)
                ),
            );
        }
        Ok(at)
    }

    /// A multiple of the slot up to an hour; one slot when the field is missing.
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
            return wrong(
                "/step_s",
                RejectCode::OutOfRange,
                format!("must be a multiple of the slot ({slot_s} s) up to 3600, not {seconds}"),
            );
        }
        Ok(ms as i64)
    }

    /// The newest event time of a summary: the one it names, or the end of its step when it has counts.
    fn summary_last_at(
        &self,
        item: &RawItem<'_>,
        cell: &Cell,
        start: TimestampMs,
        step_ms: i64,
    ) -> Checked<Option<TimestampMs>> {
        let Some(last_at) = read_time("/last_at", &item.last_at)? else {
            let counted = cell.outcomes.total() > 0 || !cell.durations.is_empty();
            let end = start.plus_ms(step_ms - 1).min(self.now.max(start));
            return Ok(counted.then_some(end));
        };
        // It may be older than the step: a heartbeat can carry the time of the last event.
        let end = start.plus_ms(step_ms);
        if last_at > end {
            let (last_at, end) = (time::format(last_at), time::format(end));
            let detail = format!("{last_at} is later than the end of the step, {end}");
            return wrong("/last_at", RejectCode::OutOfRange, detail);
        }
        if last_at > self.now.plus_ms(self.ahead_ms_max) {
            let (last_at, now) = (time::format(last_at), time::format(self.now));
            let detail = format!(
                "{last_at} is more than 5 minutes ahead of the server's clock, {now}, so it is not the time of \
                 an event"
            );
            return wrong("/last_at", RejectCode::InTheFuture, detail);
        }
        Ok(Some(last_at))
    }
}

fn activity_stream<'i>(item: &'i RawItem<'_>) -> Checked<ItemStream<'i>> {
    stream_of(StreamKind::Activity, name_of("/stream", &item.stream)?, item)
}

/// The name of a stream or gauge: one that queries and rules can name.
fn name_of<'i>(field: &'static str, value: &'i Scalar<'_>) -> Checked<Cow<'i, str>> {
    let name = required_label(field, value)?;
    if stream_name(&name).is_err() || name.contains('\\') {
        let detail = format!(
            "{:?} cannot be asked for: a name has no comma and no backslash, and does not begin with !, ~ or =",
            excerpt(&name)
        );
        return wrong(field, RejectCode::InvalidLabel, detail);
    }
    Ok(name)
}

fn stream_of<'i>(
    kind: StreamKind,
    name: Cow<'i, str>,
    item: &'i RawItem<'_>,
) -> Checked<ItemStream<'i>> {
    let environment = match optional_label("/environment", &item.environment)? {
        missing if missing.is_empty() => Cow::Borrowed(PRODUCTION),
        environment => environment,
    };
    // In the order of `Label`.
    let labels = [
        required_label("/partner", &item.partner)?,
        optional_label("/operation", &item.operation)?,
        environment,
        optional_label("/site", &item.site)?,
        optional_label("/release", &item.release)?,
    ];
    Ok(ItemStream { kind, name, labels })
}

/// The class that an event names, or that of its HTTP status. A named class is more exact and comes first.
fn outcome_of(item: &RawItem<'_>) -> Checked<Outcome> {
    match (&item.outcome, &item.status) {
        (Scalar::Missing, Scalar::Missing) => wrong(
            "/outcome",
            RejectCode::MissingField,
            "either status (an HTTP status) or outcome (a class) is required",
        ),
        (Scalar::Missing, status) => outcome_of_status(status),
        (Scalar::Text(name), _) => match Outcome::parse(name) {
            Some(outcome) => Ok(outcome),
            None => Err(unknown_outcome("/outcome", name)),
        },
        (other, _) => wrong(
            "/outcome",
            RejectCode::WrongType,
            format!("must be a string, not {}", other.kind()),
        ),
    }
}

fn outcome_of_status(status: &Scalar<'_>) -> Checked<Outcome> {
    if let Scalar::Text(text) = status
        && text == "000"
    {
        return no_response("000");
    }
    let Some(status) = status.whole() else {
        let detail = format!("must be an HTTP status as a number, not {}", status.shown());
        return wrong("/status", RejectCode::WrongType, detail);
    };
    if status == 0 {
        return no_response("0");
    }
    match u16::try_from(status).ok().and_then(Outcome::of_status) {
        Some(outcome) => Ok(outcome),
        None => wrong(
            "/status",
            RejectCode::OutOfRange,
            format!("{status} is no final HTTP status; 101 and 200 to 599 are"),
        ),
    }
}

/// The error for the status that clients such as curl show when they got no response.
fn no_response(status: &str) -> Checked<Outcome> {
    let detail = format!(
        "{status} is no HTTP status: there was no response; send \"outcome\":\"timeout\" or \
         \"outcome\":\"network\" instead"
    );
    wrong("/status", RejectCode::OutOfRange, detail)
}

fn unknown_outcome(field: impl Into<Cow<'static, str>>, name: &str) -> FieldError {
    let known = Outcome::ALL.map(Outcome::as_str).join(", ");
    let detail = format!("{:?} is no outcome class; the classes are {known}", excerpt(name));
    FieldError::new(field, RejectCode::UnknownOutcome, detail)
}

fn latency_s(value: &Scalar<'_>) -> Checked<Option<f64>> {
    if *value == Scalar::Missing {
        return Ok(None);
    }
    let ms = number("/latency_ms", value)?;
    let seconds = ms / 1e3;
    if ms < 0.0 {
        return wrong(
            "/latency_ms",
            RejectCode::OutOfRange,
            format!("must not be negative, is {}", value.shown()),
        );
    }
    if seconds > limits::DURATION_S_MAX {
        let detail = format!("{} ms is beyond 34 years", value.shown());
        return wrong("/latency_ms", RejectCode::OutOfRange, detail);
    }
    Ok(Some(seconds))
}

/// The ids with a known name. The others must be strings as well.
fn ids_of<'i>(ids: &'i Nested<Pairs<'_>>) -> Checked<Ids<&'i str>> {
    let mut known = Ids::default();
    let pairs = match ids {
        Nested::Missing => return Ok(known),
        Nested::Wrong(kind) => {
            return wrong("/ids", RejectCode::WrongType, format!("must be an object, not {kind}"));
        }
        Nested::Is(Pairs(pairs)) => pairs,
    };
    if pairs.len() > IDS_MAX {
        return wrong(
            "/ids",
            RejectCode::OutOfRange,
            format!("has {} ids, the limit is {IDS_MAX}", pairs.len()),
        );
    }
    for (position, (name, value)) in pairs.iter().enumerate() {
        if pairs[..position].iter().any(|(earlier, _)| earlier == name) {
            return Err(FieldError::repeated(name).within("/ids"));
        }
        let id = optional_text("", value).map_err(|error| error.of("/ids", name))?;
        if let Some(name) = IdName::parse(name) {
            // In bounds: as many as there are names.
            known[name as usize] = id;
        }
    }
    Ok(known)
}

fn read_outcomes(outcomes: &Nested<Pairs<'_>>, cell: &mut Cell) -> Checked<()> {
    let pairs = match outcomes {
        Nested::Missing => return Ok(()),
        Nested::Wrong(kind) => {
            return wrong(
                "/outcomes",
                RejectCode::WrongType,
                format!("must be an object, not {kind}"),
            );
        }
        Nested::Is(Pairs(pairs)) => pairs,
    };
    let mut seen = [false; Outcome::COUNT];
    for (name, value) in pairs {
        let of_name = |error: FieldError| error.of("/outcomes", name);
        let outcome = Outcome::parse(name).ok_or_else(|| of_name(unknown_outcome("", name)))?;
        if std::mem::replace(&mut seen[outcome as usize], true) {
            return Err(FieldError::repeated(name).within("/outcomes"));
        }
        let count = count("", value).map_err(of_name)?;
        cell.outcomes.add(outcome, count);
    }
    Ok(())
}
