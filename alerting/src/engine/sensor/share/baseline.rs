//! The baseline of a group: the median of its hourly values. Incidents of some hours do not move a median
//! over a week, and it follows a partner that is noisy or slow all the time.

use plimsoll_storage::Histogram;

use crate::engine::compact::{CoarseHistogram, LogCode};

/// Hours that the baseline needs.
const HOURS_MIN: usize = 6;
/// Items that an hourly value needs; a quiet hour is added to the next one.
const ITEMS_MIN: u64 = 20;
/// Hours for which memory is allocated at once.
const HOURS_STEP: usize = 24;

/// Hourly values of a group, at most `capacity`.
#[derive(Debug, Clone)]
pub(super) struct Baseline {
    values: Vec<LogCode>,
    /// The position of the next value once all are known.
    next: u16,
    capacity: u16,
    median: LogCode,
    /// Number of the first of the two hours, since 1970.
    first: i64,
    /// The hour that is being counted, and the one after it, which may have begun.
    hours: [Hour; 2],
}

#[derive(Debug, Clone, Default)]
struct Hour {
    bad: u64,
    all: u64,
    durations: Option<Box<CoarseHistogram>>,
}

/// The hourly value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Hourly {
    /// The share of bad items.
    Share,
    /// A quantile of durations, in seconds.
    Quantile(f64),
}

impl Baseline {
    pub(super) fn new(capacity: u32) -> Self {
        Self {
            values: Vec::new(),
            next: 0,
            capacity: u16::try_from(capacity).unwrap_or(u16::MAX),
            median: LogCode::UNKNOWN,
            first: i64::MIN,
            hours: [Hour::default(), Hour::default()],
        }
    }

    /// The baseline; `None` while too few hours are known.
    pub(super) fn get(&self) -> Option<f64> {
        self.median.value()
    }

    /// Counts items of an hour.
    pub(super) fn add_share(&mut self, hour: i64, bad: u64, all: u64) {
        if let Some(held) = self.hour(hour, Hourly::Share) {
            held.bad = held.bad.saturating_add(bad);
            held.all = held.all.saturating_add(all);
        }
    }

    /// Counts durations of an hour, for the q-quantile.
    pub(super) fn add_durations(&mut self, hour: i64, durations: &Histogram, q: f64) {
        if let Some(held) = self.hour(hour, Hourly::Quantile(q)) {
            held.durations.get_or_insert_default().add(durations);
            held.all = held.all.saturating_add(durations.count());
        }
    }

    /// The hour to count in. An hour is closed when the hour after the next begins, so that late cells still
    /// count; later ones are ignored.
    fn hour(&mut self, hour: i64, hourly: Hourly) -> Option<&mut Hour> {
        if self.first == i64::MIN {
            self.first = hour;
        }
        while hour > self.first + 1 {
            self.close(hourly);
        }
        usize::try_from(hour - self.first).ok().and_then(|position| self.hours.get_mut(position))
    }

    fn close(&mut self, hourly: Hourly) {
        let [closed, open] = &mut self.hours;
        self.first += 1;
        if closed.all < ITEMS_MIN {
            open.absorb(std::mem::take(closed));
            self.hours.swap(0, 1);
            return;
        }
        let value = closed.value(hourly);
        *closed = Hour::default();
        self.hours.swap(0, 1);
        if let Some(value) = value {
            self.push(LogCode::new(value));
        }
    }

    fn push(&mut self, value: LogCode) {
        if self.values.len() < usize::from(self.capacity) {
            if self.values.len() == self.values.capacity() {
                self.values.reserve_exact(HOURS_STEP);
            }
            self.values.push(value);
        } else if let Some(held) = self.values.get_mut(usize::from(self.next)) {
            *held = value;
            self.next = (self.next + 1) % self.capacity;
        }
        if self.values.len() >= HOURS_MIN {
            let mut sorted = self.values.clone();
            let middle = sorted.len() / 2;
            self.median = *sorted.select_nth_unstable(middle).1;
        }
    }
}

impl Hour {
    fn absorb(&mut self, other: Self) {
        self.bad += other.bad;
        self.all += other.all;
        match (&mut self.durations, other.durations) {
            (Some(mine), Some(theirs)) => mine.merge(&theirs),
            (mine @ None, theirs) => *mine = theirs,
            (Some(_), None) => {}
        }
    }

    fn value(&self, hourly: Hourly) -> Option<f64> {
        match hourly {
            Hourly::Share => Some(self.bad as f64 / self.all.max(1) as f64),
            Hourly::Quantile(q) => self.durations.as_ref()?.quantile(q),
        }
    }
}

#[cfg(test)]
mod tests;
