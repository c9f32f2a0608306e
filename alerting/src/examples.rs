//! Which orders: a few events behind an alert, by the ids that they carried. For shares of failures the
//! newest of the classes that the rule counts, for latency the slowest.

use plimsoll_query::Grid;
use plimsoll_storage::{Exemplar, ExemplarsOf, IdName, Outcome, Store, TimestampMs};

use crate::error::Result;
use crate::labels::GroupLabels;
use crate::rule::{Rule, Signal, SignalKind};
use crate::words;

/// Orders that a page names: what someone looks up before the cause is clear.
const PAGE_EXAMPLES_MAX: usize = 3;

/// Examples in the window of a group that ends at `at`, in words; none when events carry no ids.
pub(crate) fn examples(
    store: &Store,
    rule: &Rule,
    labels: &GroupLabels,
    window_ms: i64,
    at: TimestampMs,
) -> Result<Vec<String>> {
    let Some(of) = wanted(&rule.signal) else { return Ok(Vec::new()) };
    let grid = Grid::at(at, window_ms)?;
    let selector = rule.selector_of(labels);
    let found = plimsoll_query::exemplars(store, &selector, &grid, &of, PAGE_EXAMPLES_MAX)?;
    Ok(found.best.iter().map(|(_, event)| told(event)).collect())
}

/// What stands for a signal. The others measure time or volume, which no single event makes.
fn wanted(signal: &Signal) -> Option<ExemplarsOf> {
    match signal {
        Signal::Ratio { of, .. } | Signal::Burn { of, .. } => {
            let failures = of.iter().copied().filter(|class| Outcome::is_failure(*class));
            Some(ExemplarsOf::Failed(failures.collect()))
        }
        Signal::Latency { .. } => Some(ExemplarsOf::Slow),
        Signal::Freshness { .. }
        | Signal::Drop { .. }
        | Signal::Absence { .. }
        | Signal::Run { .. }
        | Signal::Gauge { .. } => None,
    }
}

/// `order_id O-1, correlation_id c-1: 5xx after 2.04s at 2026-11-20T19:04:40Z`.
fn told(event: &Exemplar) -> String {
    let ids = IdName::ALL.into_iter().zip(&event.ids).filter(|(_, id)| !id.is_empty());
    let ids: Vec<String> = ids.map(|(name, id)| format!("{} {id}", name.as_str())).collect();
    let took = event.duration_us.map_or_else(String::new, |us| {
        format!(" after {}", words::value(SignalKind::Latency, us as f64 / 1e6))
    });
    let at = words::moment(event.at);
    format!("{}: {}{took} at {at}", ids.join(", "), event.outcome.as_str())
}

#[cfg(test)]
mod tests;
