//! The cells of a database in the order of their slots.
//!
//! A database does not store when a cell arrived. A replay knows it from the end of its slot on, so cells
//! that came late live are in time here. If slots have expired, their minutes are replayed instead.

use std::ops::Range;

use plimsoll_alerting::{ByMinute, grace_ms};
use plimsoll_storage::{
    LabelMatchers, Result, Scan, Slot, SlotValue, Store, StreamId, StreamKey, StreamKind,
};

use super::OnChunk;
use super::chunk::{Arrival, Chunk, StepChange};
use crate::backtest::limits::{CELLS_AT_ONCE_MAX, CHUNK_ARRIVALS_MAX};

/// Passes the cells of `slots` of the selected streams to `on_chunk`, and returns how many there were. Before
/// `by_minute` a cell is a minute, and known when it ends. Progress is counted in slots. Reading ends early
/// when `on_chunk` returns `false`.
///
/// # Errors
/// The database cannot be read.
pub(crate) fn read(
    store: &Store,
    labels: &LabelMatchers,
    slots: Range<Slot>,
    by_minute: Option<ByMinute>,
    on_chunk: &mut OnChunk<'_>,
) -> Result<u64> {
    let (ids, keys) = streams(store, labels);
    if ids.is_empty() || slots.is_empty() {
        return Ok(0);
    }
    let steps = (0..).zip(&ids).map(|(stream, id)| {
        let step_slots = store.step_slots(*id);
        StepChange { arrival: 0, stream, step_slots }
    });
    let steps = steps.filter(|step| step.step_slots > 1).collect();
    let mut chunk = Chunk { new_streams: keys, steps, ..Chunk::default() };
    let mut read = 0;
    let mut start = slots.start;
    while start < slots.end {
        let minutes = by_minute.filter(|it| start < it.until);
        let grain = minutes.map_or(1, |it| it.slots);
        let until = minutes.map_or(slots.end, |it| it.until);
        let end = start.plus(slots_at_once(store, ids.len(), grain)).min(until);
        for (slot, stream, value) in cells(store, &ids, start..end, grain)? {
            read += 1;
            let at = store.slot_width().end(by_minute.map_or(slot, |it| it.end(slot)));
            chunk.arrivals.push(Arrival { at, stream, slot, slots: 1, step_slots: 1, value });
            if chunk.arrivals.len() >= CHUNK_ARRIVALS_MAX {
                let progress = u64::from(slot.0 - slots.start.0);
                let empty =
                    Chunk { arrivals: Vec::with_capacity(CHUNK_ARRIVALS_MAX), ..Chunk::default() };
                if !on_chunk(Chunk { progress, read, ..std::mem::replace(&mut chunk, empty) }) {
                    return Ok(read);
                }
            }
        }
        start = end;
    }
    let ended = store.slot_width().start(slots.end);
    let until = Some(ended.plus_ms(grace_ms(store.slot_width())));
    on_chunk(Chunk { until, ..chunk });
    Ok(read)
}

/// The names of damaged places of the selected streams that reading has met.
pub(super) fn damaged(store: &Store, labels: &LabelMatchers, slots: &Range<Slot>) -> Vec<String> {
    if store.has_damage() { store.damaged(&streams(store, labels).0, slots) } else { Vec::new() }
}

/// The selected streams and their names; the numbers of arrivals are positions in them.
fn streams(store: &Store, labels: &LabelMatchers) -> (Vec<StreamId>, Vec<StreamKey>) {
    let kinds = [StreamKind::Activity, StreamKind::Gauge].into_iter();
    let mut ids: Vec<StreamId> = kinds.flat_map(|kind| store.select(kind, None, labels)).collect();
    ids.sort_unstable();
    ids.iter().filter_map(|id| Some((*id, store.stream_key(*id)?))).unzip()
}

/// How many slots to read at a time: an hour, or as many minutes as an hour has slots; less with many
/// streams.
fn slots_at_once(store: &Store, streams: usize, grain: u32) -> u32 {
    let fitting = u32::try_from(CELLS_AT_ONCE_MAX / streams.max(1)).unwrap_or(u32::MAX);
    fitting.clamp(1, store.slot_width().slots_per_hour()).saturating_mul(grain)
}

/// The cells of some slots, by slot and stream.
fn cells(
    store: &Store,
    ids: &[StreamId],
    slots: Range<Slot>,
    grain: u32,
) -> Result<Vec<(Slot, u32, SlotValue)>> {
    let mut cells = Vec::new();
    store.scan(&Scan { grain, ..Scan::new(ids, slots) }, &mut |stream, slot, value| {
        if let Ok(position) = ids.binary_search(&stream) {
            cells.push((slot, position as u32, value.clone()));
        }
    })?;
    // Cells are large: this sort moves each of them once.
    cells.sort_by_cached_key(|(slot, stream, _)| (*slot, *stream));
    Ok(cells)
}
