//! Exemplars: single events that are kept with their ids, as examples of what a slot counts. For each slot of
//! a stream, the newest few events of each failure class and the slowest few events are kept.
//!
//! Keeping the best few is associative, commutative and idempotent, so exemplars may arrive late, out of
//! order and twice, like cells.

use std::cmp::Ordering;

use crate::limits::EXEMPLARS_PER_SLOT_MAX;
use crate::model::outcome::Outcome;
use crate::model::time::TimestampMs;

/// An id that events carry. The numbers are written to disk: never renumber, never reuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum IdName {
    /// The id of the order.
    Order = 0,
    /// The id of the shipment.
    Shipment = 1,
    /// The id of the call, in the logs of both sides.
    Correlation = 2,
}

impl IdName {
    /// How many there are.
    pub const COUNT: usize = 3;

    /// Every id, in the order of its number.
    pub const ALL: [Self; Self::COUNT] = [Self::Order, Self::Shipment, Self::Correlation];

    /// The name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order_id",
            Self::Shipment => "shipment_id",
            Self::Correlation => "correlation_id",
        }
    }

    /// The id of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|id| id.as_str() == name)
    }
}

/// The ids of an event, in the order of [`IdName::ALL`]; empty where it has none.
pub type Ids<S> = [S; IdName::COUNT];

/// One event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exemplar<S = String> {
    /// When it happened.
    pub at: TimestampMs,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took, in µs.
    pub duration_us: Option<u64>,
    /// Its ids; at least one is not empty.
    pub ids: Ids<S>,
}

impl Exemplar<&str> {
    fn to_owned(self) -> Exemplar {
        let Self { at, outcome, duration_us, ids } = self;
        Exemplar { at, outcome, duration_us, ids: ids.map(str::to_owned) }
    }
}

impl Exemplar {
    /// The same event, borrowed.
    #[must_use]
    pub fn as_ref(&self) -> Exemplar<&str> {
        let Self { at, outcome, duration_us, ids } = self;
        let ids = ids.each_ref().map(String::as_str);
        Exemplar { at: *at, outcome: *outcome, duration_us: *duration_us, ids }
    }
}

/// What events are exemplars of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// Failures of a class; newer events are better.
    Failed(Outcome),
    /// Slow events; slower events are better.
    Slow,
}

/// The number of [`Kind::Slow`] on disk. Other kinds have the number of their class.
const SLOW: u8 = u8::MAX;

impl Kind {
    /// Every kind, in the order of its number.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Outcome::FAILURES.into_iter().map(Self::Failed).chain([Self::Slow])
    }

    /// The kinds of an event.
    pub(crate) fn of(event: &Exemplar<&str>) -> impl Iterator<Item = Self> + use<> {
        let failed = event.outcome.is_failure().then_some(Self::Failed(event.outcome));
        failed.into_iter().chain(event.duration_us.map(|_| Self::Slow))
    }

    /// The number on disk.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Failed(outcome) => outcome as u8,
            Self::Slow => SLOW,
        }
    }

    /// The kind with a number.
    pub(crate) fn of_number(number: u8) -> Option<Self> {
        Self::all().find(|kind| kind.number() == number)
    }

    /// Which of two events is better; equal only when they are the same.
    fn compare(self, a: &Exemplar<&str>, b: &Exemplar<&str>) -> Ordering {
        let first = match self {
            Self::Failed(_) => a.at.cmp(&b.at),
            Self::Slow => a.duration_us.cmp(&b.duration_us),
        };
        first.then_with(|| {
            let (outcomes, ids) = (a.outcome.cmp(&b.outcome), a.ids.cmp(&b.ids));
            (a.at, a.duration_us).cmp(&(b.at, b.duration_us)).then(outcomes).then(ids)
        })
    }

    /// Keeps an event if it is among the best `limit`. `best` is sorted, the best first, and all ids in it
    /// differ.
    pub(crate) fn keep<T>(
        self,
        best: &mut Vec<T>,
        limit: usize,
        event: Exemplar<&str>,
        of: impl Fn(&T) -> &Exemplar,
        owned: impl FnOnce(Exemplar) -> T,
    ) {
        let place = best.partition_point(|it| self.compare(&of(it).as_ref(), &event).is_gt());
        let same = |it: &T| of(it).ids == event.ids;
        if place >= limit || best.iter().take(place).any(same) {
            return;
        }
        // It replaces a worse event with the same ids.
        if let Some(worse) = best.iter().position(same) {
            best.remove(worse);
        }
        best.insert(place, owned(event.to_owned()));
        best.truncate(limit);
    }

    /// [`Kind::keep`] for a slot of a stream.
    pub(crate) fn keep_in_slot(self, best: &mut Vec<Exemplar>, event: Exemplar<&str>) {
        self.keep(best, EXEMPLARS_PER_SLOT_MAX, event, |it| it, |event| event);
    }
}

#[cfg(test)]
mod tests;
