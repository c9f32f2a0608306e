//! The exemplars of an alert: a few events behind it, with their ids. For shares of failures the newest of
//! the classes that the rule counts, for latency the slowest.

use plimsoll_query::Grid;
use plimsoll_storage::{Exemplar, ExemplarKind, IdName, Outcome, Store, TimestampMs};

use super::units;
use crate::error::Result;
use crate::labels::GroupLabels;
use crate::rule::{Rule, Signal, SignalKind};

/// Exemplars of a notification.
const EXEMPLARS_MAX: usize = 3;

/// Exemplars in the window of a group that ends at `at`, as text; none when events have no ids.
pub(crate) fn exemplars(
    store: &Store,
    rule: &Rule,
    labels: &GroupLabels,
    window_ms: i64,
    at: TimestampMs,
) -> Result<Vec<String>> {
    let Some(of) = kind_of(&rule.signal) else { return Ok(Vec::new()) };
    let width = store.slot_width();
    let grid = Grid::at(at, width.whole_slots_ms(window_ms), width)?;
    let selector = rule.selector_of(labels);
    let found = plimsoll_query::exemplars(store, &selector, &grid, &of, EXEMPLARS_MAX)?;
    Ok(found.best.iter().map(|(_, event)| describe(event)).collect())
}

/// Which exemplars belong to a signal. Signals that measure time or volume have none.
fn kind_of(signal: &Signal) -> Option<ExemplarKind> {
    match signal {
        Signal::Ratio { of, .. } | Signal::Burn { of, .. } => {
            let failures = of.iter().copied().filter(|class| Outcome::is_failure(*class));
            Some(ExemplarKind::Failed(failures.collect()))
        }
        Signal::Latency { .. } => Some(ExemplarKind::Slow),
        Signal::Freshness { .. }
        | Signal::Drop { .. }
        | Signal::Absence { .. }
        | Signal::Run { .. }
        | Signal::Gauge { .. } => None,
    }
}

/// `order_id O-1, correlation_id c-1: 5xx after 2.04s at 2026-11-20T19:04:40Z`.
fn describe(event: &Exemplar) -> String {
    let ids = IdName::ALL.into_iter().zip(&event.ids).filter(|(_, id)| !id.is_empty());
    let ids: Vec<String> = ids.map(|(name, id)| format!("{} {id}", name.as_str())).collect();
    let took = event.duration_us.map_or_else(String::new, |us| {
        format!(" after {}", units::value(SignalKind::Latency, us as f64 / 1e6))
    });
    let at = units::rfc3339(event.at);
    format!("{}: {}{took} at {at}", ids.join(", "), event.outcome.as_str())
}

#[cfg(test)]
mod tests;
