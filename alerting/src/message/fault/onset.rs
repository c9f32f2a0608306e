//! When a fault began: the change point of a series of counts.
//!
//! A share or a rate has one value before the fault and another one from it on. The change point is where
//! the sum of log-likelihood ratios from there to the end is highest (the estimate of Page's CUSUM test,
//! <https://en.wikipedia.org/wiki/CUSUM>). Both values are estimated from the series, in turns with the
//! change point. What happened and ended before the fault adds to the sum and is taken away again, so it
//! does not move the change point.

use plimsoll_storage::TimestampMs;

use super::Tally;

/// Turns of estimating the values and the change point; two or three are enough.
const TURNS: usize = 4;
/// The change point is at most this much less likely at the bounds of an onset, in nats: about 95 % of the
/// probability is between them (half of the 95 % quantile of chi-squared with one degree of freedom).
const NATS_WITHIN: f64 = 1.92;
/// A change that is less likely than this, in nats, is none.
const NATS_MIN: f64 = 3.0;

/// When a fault began.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Onset {
    pub(crate) at: TimestampMs,
    /// How far the true onset may be away, in ms; 0 when it is known to the step.
    pub(crate) within_ms: i64,
    /// The share of bad items before it.
    pub(crate) share_before: f64,
}

/// A change point, as a position in a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Change {
    /// The first step of the fault.
    pub(crate) position: usize,
    /// The first and the last step that are nearly as likely.
    pub(crate) bounds: (usize, usize),
    /// The value before.
    pub(crate) before: f64,
}

impl Change {
    /// The time of the change in a series that begins at `start`.
    pub(crate) fn onset(&self, start: TimestampMs, step_ms: i64) -> Onset {
        let time = |position: usize| start.plus_ms(position as i64 * step_ms);
        let (first, last) = self.bounds;
        let within = self.position.saturating_sub(first).max(last.saturating_sub(self.position));
        Onset {
            at: time(self.position),
            within_ms: within as i64 * step_ms,
            share_before: self.before,
        }
    }
}

/// Where the share of bad items rose for good.
pub(crate) fn change_of_share(series: &[Tally]) -> Option<Change> {
    let share = |range: &[Tally]| {
        let sum = range.iter().fold(Tally::default(), |sum, one| sum.plus(*one));
        // Half an item more of each kind: a share of exactly 0 or 1 has no likelihood.
        (sum.bad as f64 + 0.5) / (sum.all as f64 + 1.0)
    };
    let weight = |one: &Tally, before: f64, after: f64| {
        let good = one.all.saturating_sub(one.bad) as f64;
        one.bad as f64 * (after / before).ln() + good * ((1.0 - after) / (1.0 - before)).ln()
    };
    let size = |one: &Tally| one.all as f64;
    change(series, (share, size), weight, |before, after| after > before)
}

/// Where the number of items in a step fell for good.
pub(crate) fn change_of_rate(series: &[u64]) -> Option<Change> {
    let rate =
        |range: &[u64]| (range.iter().sum::<u64>() as f64 + 0.5) / (range.len() as f64 + 1.0);
    let weight = |count: &u64, before: f64, after: f64| {
        *count as f64 * (after / before).ln() - (after - before)
    };
    change(series, (rate, |_: &u64| 1.0), weight, |before, after| after < before)
}

fn change<T>(
    series: &[T],
    (value, size): (impl Fn(&[T]) -> f64, impl Fn(&T) -> f64),
    weight: impl Fn(&T, f64, f64) -> f64,
    is_worse: impl Fn(f64, f64) -> bool,
) -> Option<Change> {
    // The last tenth is in the fault, because the alert has fired.
    let all: f64 = series.iter().map(&size).sum();
    let mut later = 0.0;
    let mut position = series.iter().rposition(|one| {
        later += size(one);
        later > 0.0 && later >= all / 10.0
    })?;
    let mut sums = Vec::new();
    let mut before = 0.0;
    for _ in 0..TURNS {
        let (earlier, later) = series.split_at(position);
        before = value(earlier);
        let after = value(later);
        if !is_worse(before, after) {
            return None;
        }
        sums = sums_to_the_end(series, |one| weight(one, before, after));
        let best = highest(&sums)?;
        if best == position {
            break;
        }
        position = best;
    }
    let top = *sums.get(position)?;
    if top < NATS_MIN {
        return None;
    }
    let is_near = |sum: &f64| top - sum <= NATS_WITHIN;
    let first = sums.iter().position(is_near)?;
    let last = sums.iter().rposition(is_near)?;
    Some(Change { position, bounds: (first, last), before })
}

/// For each step the sum of the weights from it to the end.
fn sums_to_the_end<T>(series: &[T], weight: impl Fn(&T) -> f64) -> Vec<f64> {
    let mut sum = 0.0;
    let mut sums: Vec<f64> = series
        .iter()
        .rev()
        .map(|one| {
            sum += weight(one);
            sum
        })
        .collect();
    sums.reverse();
    sums
}

/// The position of the highest sum, the last one of several.
fn highest(sums: &[f64]) -> Option<usize> {
    let each = sums.iter().enumerate();
    each.max_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(position, _)| position)
}

#[cfg(test)]
mod tests;
