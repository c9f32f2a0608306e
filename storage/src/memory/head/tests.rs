use super::*;
use crate::model::cell::{Cell, SlotValue};
use crate::model::outcome::Outcome;
use crate::model::resolution::Resolution;
use crate::model::stream::StreamId;

const CACHE_BYTES_MAX: usize = 1 << 16;

fn cell(count: u64) -> SlotValue {
    let mut cell = Cell::default();
    cell.outcomes.add(Outcome::Status2xx, count);
    SlotValue::Activity(cell)
}

fn counts(generations: &[Arc<Generation>], slots: Range<u32>) -> Vec<(u32, u64)> {
    let mut seen = Vec::new();
    for generation in generations {
        generation.visit(StreamId(3), &(Slot(slots.start)..Slot(slots.end)), |slot, value| {
            if let SlotValue::Activity(cell) = value {
                seen.push((slot.0, cell.outcomes.total()));
            }
        });
    }
    seen
}

fn generations(head: &Head) -> Vec<Arc<Generation>> {
    head.view(&(Slot(0)..Slot(u32::MAX)), |_| ()).generations
}

#[test]
fn cached_from_rises_above_what_is_evicted() {
    let head = Head::new(Slot(10));
    let sealed = |first, last, bytes: usize| {
        let entry = entry(0, (first, last), bytes);
        head.seal_after(0, entry, CACHE_BYTES_MAX, || Ok::<_, ()>(())).expect("written");
    };
    sealed(10, 20, CACHE_BYTES_MAX / 2);
    assert_eq!(head.cached_from(), Slot(10));
    sealed(18, 30, CACHE_BYTES_MAX / 2);
    assert_eq!(head.cached_from(), Slot(21), "slots up to 20 are incomplete in memory");
    let view = |from, to| head.view(&(Slot(from)..Slot(to)), |_| ()).cached.len();
    assert_eq!((view(21, 22), view(31, 40)), (1, 0));
}

/// An entry of one stream with so many bytes.
fn entry(from: u32, (first, last): (u32, u32), bytes: usize) -> CachedParts {
    let mut entry = CachedParts::new(Slot(from));
    let slots = (Slot(first), Slot(last));
    entry.add(Resolution::Slot, StreamId(3), slots, &vec![0; bytes]);
    entry
}

#[test]
fn preloaded_entries_are_evicted_first() {
    let head = Head::new(Slot(30));
    let third = CACHE_BYTES_MAX / 3 - 100;
    let seal = |entry| {
        head.seal_after(0, entry, CACHE_BYTES_MAX, || Ok::<_, ()>(())).expect("written");
    };
    seal(entry(0, (30, 40), third));
    assert!(
        head.extend_cache(&head.cache_state(CACHE_BYTES_MAX), vec![entry(20, (20, 29), third)])
    );
    assert!(
        head.extend_cache(&head.cache_state(CACHE_BYTES_MAX), vec![entry(10, (12, 19), third)])
    );
    assert_eq!(head.cached_from(), Slot(10));
    assert!(head.cache_bytes() <= CACHE_BYTES_MAX);
    assert!(
        !head.extend_cache(&head.cache_state(CACHE_BYTES_MAX), vec![entry(0, (0, 9), third)]),
        "there is no room"
    );
    assert_eq!(head.cached_from(), Slot(10));
    seal(entry(0, (41, 50), third));
    assert_eq!(head.cached_from(), Slot(20));
    seal(entry(0, (51, 60), third));
    assert_eq!(head.cached_from(), Slot(30));
    let all = head.view(&(Slot(0)..Slot(u32::MAX)), |_| ()).cached;
    assert_eq!(all.iter().map(|one| one.end.0).collect::<Vec<_>>(), [41, 51, 61]);
}

#[test]
fn cached_from_stays_when_something_was_sealed_or_evicted_meanwhile() {
    let head = Head::new(Slot(30));
    let seal = |entry| {
        head.seal_after(0, entry, CACHE_BYTES_MAX, || Ok::<_, ()>(())).expect("written");
    };
    let before = head.cache_state(CACHE_BYTES_MAX);
    seal(entry(0, (30, 40), 1_000));
    assert!(
        !head.extend_cache(&before, vec![entry(20, (20, 29), 10)]),
        "a late cell may be missing"
    );
    assert_eq!(head.cached_from(), Slot(30));
    seal(entry(0, (35, 50), CACHE_BYTES_MAX - 100));
    assert_eq!(head.cached_from(), Slot(41), "the first is evicted");
    let room = head.cache_state(CACHE_BYTES_MAX).room_bytes;
    assert_eq!(room, 0, "slots 35 to 40 are in memory, but not all their cells");
}

#[test]
fn cells_of_one_slot_add_up_and_runs_stay_sorted() {
    let head = Head::new(Slot(0));
    for (slot, count) in [(5, 1), (3, 2), (5, 10), (4, 4)] {
        head.active().add(StreamId(3), Slot(slot), cell(count));
    }
    let generations = generations(&head);
    assert_eq!(counts(&generations, 0..9), [(3, 2), (4, 4), (5, 11)]);
    assert_eq!(counts(&generations, 4..5), [(4, 4)]);
    assert!(head.size_bytes() > 0);
}

#[test]
fn a_frozen_generation_is_read_until_it_is_sealed() {
    let head = Head::new(Slot(0));
    let active = head.active();
    active.note_append(TimestampMs(1), 10);
    active.add(StreamId(3), Slot(1), cell(1));
    let active = head.freeze(7);
    active.note_append(TimestampMs(2), 5);
    active.add(StreamId(3), Slot(1), cell(2));
    assert_eq!(counts(&generations(&head), 0..9), [(1, 1), (1, 2)]);
    assert_eq!(head.frozen().first().map(|frozen| frozen.last_sequence), Some(7));
    assert_eq!((head.first_append_at(), head.journal_bytes()), (Some(TimestampMs(1)), 15));
    assert_eq!(
        head.seal_after(1, CachedParts::default(), CACHE_BYTES_MAX, || Err("disk full")),
        Err("disk full")
    );
    assert_eq!(head.frozen().len(), 1);
    assert_eq!(
        head.seal_after(1, CachedParts::default(), CACHE_BYTES_MAX, || Ok::<_, ()>(())),
        Ok(())
    );
    assert_eq!(counts(&generations(&head), 0..9), [(1, 2)]);
}

#[test]
fn an_empty_generation_is_not_frozen() {
    let head = Head::new(Slot(0));
    head.freeze(1);
    assert!(head.frozen().is_empty());
}
