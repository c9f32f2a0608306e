//! Exemplars: a few single events that stand for what a slot counts, with the ids they carried, so that
//! whoever is told of failures can look at some. Of a slot of a stream the newest few of each failure
//! class are kept, and the slowest few of all.
//!
//! Keeping the best few is associative, commutative and idempotent, so exemplars may come late, out of
//! order and twice, like cells.

use std::cmp::Ordering;

use crate::limits::EXEMPLARS_PER_SLOT_MAX;
use crate::model::outcome::Outcome;
use crate::model::time::TimestampMs;

/// An id that events carry. The numbers are written to disk: never renumber, never reuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum IdName {
    /// Of the order.
    Order = 0,
    /// Of the shipment.
    Shipment = 1,
    /// Of the call, in the logs of both sides.
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

/// The ids of an event, in the order of [`IdName::ALL`]; empty where it carries none.
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
    /// What it was about; at least one of them is there.
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

/// What events stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// Those of a failure class; newer ones are better.
    Failed(Outcome),
    /// Those that took long; slower ones are better.
    Slow,
}

/// The number of [`Kind::Slow`] on disk; other kinds have that of their class.
const SLOW: u8 = u8::MAX;

impl Kind {
    /// Every kind, in the order of its number.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Outcome::FAILURES.into_iter().map(Self::Failed).chain([Self::Slow])
    }

    /// The kinds that an event is of.
    pub(crate) fn of(event: &Exemplar<&str>) -> impl Iterator<Item = Self> + use<> {
        let failed = event.outcome.is_failure().then_some(Self::Failed(event.outcome));
        failed.into_iter().chain(event.duration_us.map(|_| Self::Slow))
    }

    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Failed(outcome) => outcome as u8,
            Self::Slow => SLOW,
        }
    }

    pub(crate) fn of_number(number: u8) -> Option<Self> {
        Self::all().find(|kind| kind.number() == number)
    }

    /// Which of two events says more; equal only when they are.
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

    /// Keeps an event if it is among the best `limit`, which come best first and each with other ids.
    pub(crate) fn keep<T>(
        self,
        best: &mut Vec<T>,
        limit: usize,
        event: Exemplar<&str>,
        of: impl Fn(&T) -> &Exemplar,
        owned: impl FnOnce(Exemplar) -> T,
    ) {
        let place = best.partition_point(|held| self.compare(&of(held).as_ref(), &event).is_gt());
        let same = |held: &T| of(held).ids == event.ids;
        if place >= limit || best.iter().take(place).any(same) {
            return;
        }
        // One with the same ids that says less makes room.
        if let Some(worse) = best.iter().position(same) {
            best.remove(worse);
        }
        best.insert(place, owned(event.to_owned()));
        best.truncate(limit);
    }

    /// [`Kind::keep`] for a slot of a stream.
    pub(crate) fn keep_in_slot(self, best: &mut Vec<Exemplar>, event: Exemplar<&str>) {
        self.keep(best, EXEMPLARS_PER_SLOT_MAX, event, |held| held, |event| event);
    }
}

#[cfg(test)]
mod tests;
