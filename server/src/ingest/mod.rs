//! Pushed items become a batch. Each field is checked; an item that fails is rejected by name, and the others
//! are kept.

pub(crate) mod check;
pub(crate) mod field;
mod histogram;
mod ignored;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use plimsoll_storage::limits::AHEAD_MS_MAX;
use plimsoll_storage::{
    Batch, BatchBuilder, Error, Exemplar, IdempotencyKey, Label, Store, StreamLimit, TimestampMs,
};
use sha2::{Digest, Sha256};

use self::check::{Checker, Delta, Item};
use self::field::{Checked, FieldError};
use self::ignored::Ignored;
use crate::error::{IgnoredField, RejectCode, RejectedItem};
use crate::wire::push::item::{ItemKind, RawItem};
use crate::wire::push::{Place, Sink};

/// Rejected items that are listed; the rest is only counted, so that an answer stays bounded.
const REJECTED_LISTED_MAX: usize = 1_000;
/// Slots that the summaries of one request may be spread over, approximately: 555 full hours. They take some
/// 60 MB until they are written.
const SPREAD_CELLS_MAX: usize = 200_000;

/// The key of a request, with the digest of its body as it is after decompression: the same items compressed
/// in another way are the same request.
pub(crate) fn idempotency_key(key: &[u8], body: &[u8]) -> IdempotencyKey {
    let mut digest = [0; 16];
    for (byte, hashed) in digest.iter_mut().zip(Sha256::digest(body)) {
        *byte = hashed;
    }
    IdempotencyKey { key: key.to_vec(), digest }
}

/// The result of checking the items of one request.
#[derive(Debug)]
pub(crate) struct Ingested {
    pub(crate) batch: Batch,
    pub(crate) accepted: u64,
    /// The first rejected items.
    pub(crate) rejected: Vec<RejectedItem>,
    /// How many items were rejected with each code.
    pub(crate) rejected_by_code: BTreeMap<RejectCode, u64>,
    /// How many items were rejected in all.
    pub(crate) rejected_count: u64,
    /// The first fields that were not used.
    pub(crate) ignored: Vec<IgnoredField>,
}

/// Checks and collects the items of one request.
pub(crate) struct Ingest<'a> {
    batch: BatchBuilder<'a>,
    checker: Checker,
    /// The only partners of which items are taken; `None` for all.
    partners: Option<&'a BTreeSet<String>>,
    /// Slots that summaries were added to.
    spread_cells: usize,
    accepted: u64,
    rejected: Vec<RejectedItem>,
    rejected_by_code: BTreeMap<RejectCode, u64>,
    rejected_count: u64,
    ignored: Ignored,
}

impl<'a> Ingest<'a> {
    pub(crate) fn new(store: &'a Store, now: TimestampMs) -> Self {
        Self {
            batch: store.batch(),
            checker: Checker {
                width: store.slot_width(),
                now,
                oldest_kept: store.oldest_kept(now),
                ahead_ms_max: AHEAD_MS_MAX,
            },
            partners: None,
            spread_cells: 0,
            accepted: 0,
            rejected: Vec::new(),
            rejected_by_code: BTreeMap::new(),
            rejected_count: 0,
            ignored: Ignored::default(),
        }
    }

    /// Takes items of these partners only.
    #[must_use]
    pub(crate) fn only(self, partners: Option<&'a BTreeSet<String>>) -> Self {
        Self { partners, ..self }
    }

    pub(crate) fn finish(self) -> Ingested {
        Ingested {
            batch: self.batch.finish(),
            accepted: self.accepted,
            rejected: self.rejected,
            rejected_by_code: self.rejected_by_code,
            rejected_count: self.rejected_count,
            ignored: self.ignored.into_list(),
        }
    }

    fn reject(&mut self, place: Place, error: FieldError) {
        self.rejected_count += 1;
        *self.rejected_by_code.entry(error.code).or_default() += 1;
        if self.rejected.len() < REJECTED_LISTED_MAX {
            let line = place.line();
            let FieldError { field, code, detail } = error;
            self.rejected.push(RejectedItem {
                pointer: format!("{place}{field}"),
                line,
                code,
                detail,
            });
        }
    }

    /// Notes a summary that does not begin with a slot: it counts from the start of its slot on.
    fn note_start(&mut self, place: Place, end: TimestampMs, step_slots: u32) {
        let width = self.checker.width;
        let start = end.plus_ms(-width.ms() * i64::from(step_slots));
        let counted_from = width.start(width.slot_of(start));
        if start != counted_from {
            self.ignored.note_start(place, start, counted_from);
        }
    }

    fn add(&mut self, item: Item<'_>) -> Checked<()> {
        let Item { ref stream, slot, ids, .. } = item;
        let stream = stream.as_ref();
        let partner = stream.labels[Label::Partner as usize];
        if self.partners.is_some_and(|partners| !partners.contains(partner)) {
            let detail = "is not one that the key is for";
            return Err(FieldError::new("/partner", RejectCode::PartnerNotAllowed, detail));
        }
        match item.delta {
            Delta::Event { outcome, seconds, at } => {
                let cell = self.batch.activity(stream, slot).map_err(|error| not_taken(&error))?;
                cell.record(outcome, seconds, at);
                if ids.iter().any(|id| !id.is_empty()) {
                    let duration_us = seconds.map(|seconds| (seconds * 1e6).round() as u64);
                    let event = Exemplar { at, outcome, duration_us, ids };
                    let kept = self.batch.exemplar(stream, slot, event);
                    kept.map_err(|error| not_taken(&error))?;
                }
            }
            Delta::Summary { summary, step_slots, covered_slots } => {
                if step_slots > 1 && self.spread_cells >= SPREAD_CELLS_MAX {
                    return Err(too_many_cells());
                }
                let step = (slot, step_slots, covered_slots);
                let cells = self.batch.summary(stream, step, summary);
                self.spread_cells += cells.map_err(|error| not_taken(&error))?;
            }
            Delta::Gauge(reading) => {
                self.batch.gauge(stream, slot, reading).map_err(|error| not_taken(&error))?;
            }
        }
        Ok(())
    }
}

impl Sink for Ingest<'_> {
    fn item(&mut self, place: Place, kind: ItemKind, item: &RawItem<'_>) {
        self.ignored.note_item(place, kind, item);
        let checked = self.checker.check(kind, item);
        if let Ok(Item { end, delta: Delta::Summary { step_slots, .. }, .. }) = &checked {
            self.note_start(place, *end, *step_slots);
        }
        match checked.and_then(|item| self.add(item)) {
            Ok(()) => self.accepted += 1,
            Err(error) => self.reject(place, error),
        }
    }

    fn not_an_item(&mut self, place: Place, field: &str, problem: &str) {
        self.reject(place, FieldError::new(field.to_owned(), RejectCode::WrongType, problem));
    }

    fn unknown_list(&mut self, name: &str) {
        self.ignored.note_list(name);
    }
}

impl fmt::Debug for Ingest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ingest").field("accepted", &self.accepted).finish_non_exhaustive()
    }
}

fn too_many_cells() -> FieldError {
    let detail = format!(
        "the summaries of this request cover more than {SPREAD_CELLS_MAX} slots; send the others in \
         further requests, or with a shorter step"
    );
    FieldError::new("/step_s", RejectCode::TooManySlots, detail)
}

/// Why a stream was not taken.
fn not_taken(error: &Error) -> FieldError {
    let (field, code) = match error {
        Error::StreamLimit(StreamLimit::Partners { .. } | StreamLimit::NewPartners { .. }) => {
            ("/partner", RejectCode::PartnerLimit)
        }
        _ => ("", RejectCode::StreamLimit),
    };
    FieldError::new(field, code, error.to_string())
}

#[cfg(test)]
mod tests;
