//! The signals of alerts, for charts: the history is read again, and for each alert the measured value is
//! kept from a while before it was pending until a while after it resolved.

use std::collections::VecDeque;

use plimsoll_alerting::{ReplayedAlert, Rule, RuleSet, Signal};
use plimsoll_query::Confidence;
use plimsoll_storage::{Cell, Slot, SlotValue, SlotWidth, StreamKey, StreamKind, TimestampMs};

use crate::backtest::limits::{CHART_BUCKETS_MAX, CHART_MARGIN_MS};
use crate::backtest::{History, HistoryError};

const MINUTE_MS: i64 = 60_000;

/// A measured value at a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub(crate) at: TimestampMs,
    pub(crate) value: f64,
    /// Lower and upper bound of the value, for signals that have them.
    pub(crate) bounds: Option<(f64, f64)>,
}

/// The signal of an alert, in the unit of the rule; for a drop, arrivals a minute.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SignalTrace {
    pub(crate) from: TimestampMs,
    pub(crate) to: TimestampMs,
    pub(crate) points: Vec<Point>,
}

/// Collects the signal of an alert.
struct Tracer<'a> {
    rule: &'a Rule,
    alert: &'a ReplayedAlert,
    slots: std::ops::Range<Slot>,
    slots_per_bucket: u32,
    buckets: Vec<Bucket>,
}

#[derive(Debug, Clone, Default)]
struct Bucket {
    cell: Cell,
    /// Sum and count of the readings of a gauge.
    readings: (f64, u64),
}

/// The signals of some alerts, in their order; `None` for an alert of an unknown rule.
///
/// # Errors
/// The history cannot be read again.
pub(crate) fn traces(
    history: &History,
    rules: &RuleSet,
    alerts: &[&ReplayedAlert],
    end: TimestampMs,
) -> Result<Vec<Option<SignalTrace>>, HistoryError> {
    let width = history.width();
    let mut tracers: Vec<Option<Tracer<'_>>> = alerts
        .iter()
        .map(|alert| Some(Tracer::new(rules.rule(&alert.rule)?, alert, width, end)))
        .collect();
    // The tracers that each stream adds to.
    let mut routes: Vec<Vec<usize>> = Vec::new();
    history.read(&mut |chunk| {
        routes.extend(chunk.new_streams.iter().map(|key| {
            let watches = |tracer: &Option<Tracer<'_>>| {
                tracer.as_ref().is_some_and(|tracer| tracer.watches(key))
            };
            let watching = tracers.iter().enumerate().filter(|(_, tracer)| watches(tracer));
            watching.map(|(number, _)| number).collect()
        }));
        for arrival in &chunk.arrivals {
            for number in routes.get(arrival.stream as usize).into_iter().flatten() {
                if let Some(Some(tracer)) = tracers.get_mut(*number) {
                    tracer.add(arrival.slot, &arrival.value);
                }
            }
        }
        true
    })?;
    Ok(tracers.into_iter().map(|tracer| tracer.map(|tracer| tracer.finish(width))).collect())
}

impl<'a> Tracer<'a> {
    fn new(rule: &'a Rule, alert: &'a ReplayedAlert, width: SlotWidth, end: TimestampMs) -> Self {
        let ended = alert.resolved_at.unwrap_or(end);
        let from = alert.pending_at.plus_ms(-CHART_MARGIN_MS - rule.window_ms);
        let to = ended.plus_ms(CHART_MARGIN_MS).min(end);
        let slots = width.slot_of(from)..width.slot_from(to);
        let count = slots.end.0.saturating_sub(slots.start.0).max(1);
        // Whole minutes, because pushes often come once a minute.
        let minute = width.slots_in(MINUTE_MS).max(1);
        let slots_per_bucket = count.div_ceil(CHART_BUCKETS_MAX).next_multiple_of(minute);
        let buckets = vec![Bucket::default(); count.div_ceil(slots_per_bucket) as usize];
        Self { rule, alert, slots, slots_per_bucket, buckets }
    }

    fn watches(&self, key: &StreamKey) -> bool {
        let stream = key.as_ref();
        let kind = match self.rule.signal {
            Signal::Gauge { .. } => StreamKind::Gauge,
            _ => StreamKind::Activity,
        };
        let matches = |label: plimsoll_storage::Label| stream.labels[label as usize];
        stream.kind == kind
            && stream.name == self.rule.signal.stream()
            && self.rule.matches.accept(|label| Some(matches(label)))
            && self.alert.labels.iter().all(|(label, value)| matches(label) == value)
    }

    fn add(&mut self, slot: Slot, value: &SlotValue) {
        if !self.slots.contains(&slot) {
            return;
        }
        let number = (slot.0 - self.slots.start.0) / self.slots_per_bucket;
        let Some(bucket) = self.buckets.get_mut(number as usize) else { return };
        match value {
            SlotValue::Activity(cell) => bucket.cell.merge(cell),
            SlotValue::Gauge(cell) => {
                bucket.readings.0 += cell.sum;
                bucket.readings.1 += cell.count;
            }
        }
    }

    fn finish(self, width: SlotWidth) -> SignalTrace {
        let bucket_ms = i64::from(self.slots_per_bucket) * width.ms();
        let in_window = (self.rule.window_ms / bucket_ms).max(1) as usize;
        let start = width.start(self.slots.start);
        let mut window: VecDeque<&Bucket> = VecDeque::new();
        let mut newest = None;
        let mut points = Vec::new();
        for (number, bucket) in self.buckets.iter().enumerate() {
            window.push_back(bucket);
            if window.len() > in_window {
                window.pop_front();
            }
            let at = start.plus_ms((number as i64 + 1) * bucket_ms);
            newest = newest.max(bucket.cell.last_at);
            let measured = measured(&self.rule.signal, &window, bucket_ms, newest, at);
            points.extend(measured.map(|(value, bounds)| Point { at, value, bounds }));
        }
        let (from, to) = (start.plus_ms(self.rule.window_ms), width.start(self.slots.end));
        points.retain(|point| point.at >= from);
        SignalTrace { from, to, points }
    }
}

/// The measured value of a window at a time.
fn measured(
    signal: &Signal,
    window: &VecDeque<&Bucket>,
    bucket_ms: i64,
    newest: Option<TimestampMs>,
    at: TimestampMs,
) -> Option<(f64, Option<(f64, f64)>)> {
    let sum = || {
        window.iter().fold(Cell::default(), |mut sum, bucket| {
            sum.merge(&bucket.cell);
            sum
        })
    };
    match signal {
        Signal::Ratio { of, to, .. } => {
            let outcomes = sum().outcomes;
            let all = to.as_ref().map_or_else(|| outcomes.total(), |to| outcomes.sum_of(to));
            let share = Confidence::DEFAULT.share(outcomes.sum_of(of), all)?;
            Some((share.value, Some((share.lower, share.upper))))
        }
        Signal::Burn { of, objective, .. } => {
            let outcomes = sum().outcomes;
            let share = Confidence::DEFAULT.share(outcomes.sum_of(of), outcomes.total())?;
            let times = share.map(|share| share / (1.0 - objective));
            Some((times.value, Some((times.lower, times.upper))))
        }
        Signal::Latency { q, .. } => {
            let quantile = sum().durations.quantile(*q)?;
            Some((quantile.value_s, Some((quantile.lower_s, quantile.upper_s))))
        }
        Signal::Freshness { .. } | Signal::Absence { .. } | Signal::Run { .. } => {
            newest.map(|newest| (at.since_ms(newest).max(0) as f64 / 1e3, None))
        }
        Signal::Drop { .. } => {
            let minutes = window.len() as f64 * bucket_ms as f64 / MINUTE_MS as f64;
            Some((sum().outcomes.total() as f64 / minutes, None))
        }
        Signal::Gauge { .. } => {
            let (sum, count) = window
                .iter()
                .fold((0.0, 0), |(sum, count), it| (sum + it.readings.0, count + it.readings.1));
            (count > 0).then(|| (sum / count as f64, None))
        }
    }
}
