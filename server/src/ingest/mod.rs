//! Pushed items become a batch: each field is checked, and what fails is refused by name while the
//! rest is kept.

pub(crate) mod check;
pub(crate) mod field;

use std::borrow::Cow;
use std::fmt;

use plimsoll_storage::{Batch, BatchBuilder, Exemplar, Store, TimestampMs};

use check::{Checker, Delta, Item};
use field::{Checked, Fault, Problem};

use crate::wire::push::item::{ItemKind, RawItem};
use crate::wire::push::{Place, Sink};

/// How far ahead of the server's clock an item may lie, in ms.
pub(crate) const SKEW_MS_MAX: i64 = 5 * 60 * 1000;
/// Refusals that are listed in full; the rest is only counted, so that an answer stays bounded.
const REFUSALS_LISTED_MAX: usize = 1_000;

/// An item that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    checker: Checker,
    accepted: u64,
    refusals: Vec<Refusal>,
    refused: u64,
}

impl<'a> Ingest<'a> {
    pub(crate) fn new(store: &'a Store, now: TimestampMs) -> Self {
        Self {
            batch: store.batch(),
            checker: Checker {
                width: store.slot_width(),
                now,
                oldest_kept: store.oldest_kept(now),
                ahead_ms_max: SKEW_MS_MAX,
            },
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

    fn add(&mut self, item: Item<'_>) -> Checked<()> {
        let Item { stream, slot, ids, .. } = item;
        match item.delta {
            Delta::Event { outcome, seconds, at } => {
                let cell = self.batch.activity(stream, slot).map_err(|error| full(&error))?;
                cell.record(outcome, seconds, at);
                if ids.iter().any(|id| !id.is_empty()) {
                    let duration_us = seconds.map(|seconds| (seconds * 1e6).round() as u64);
                    let event = Exemplar { at, outcome, duration_us, ids };
                    let kept = self.batch.exemplar(stream, slot, event);
                    kept.map_err(|error| full(&error))?;
                }
            }
            Delta::Summary(summary) => {
                let cell = self.batch.activity(stream, slot).map_err(|error| full(&error))?;
                cell.absorb(summary);
            }
            Delta::Gauge(reading) => {
                self.batch.gauge(stream, slot, reading).map_err(|error| full(&error))?;
            }
        }
        Ok(())
    }
}

impl Sink for Ingest<'_> {
    fn item(&mut self, place: Place, kind: ItemKind, item: &RawItem<'_>) {
        match self.checker.check(kind, item).and_then(|item| self.add(item)) {
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

fn full(error: &plimsoll_storage::Error) -> Fault {
    (Cow::Borrowed(""), Problem::new("stream_limit", error.to_string()))
}

#[cfg(test)]
mod tests;
