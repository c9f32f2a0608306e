//! What the tests share: opening stores, building batches, reading cells back.

use std::{collections::BTreeMap, path::Path};

use plimsoll_storage::{
    Batch, Label, LabelSets, Options, Outcome, Slot, SlotValue, Store, StreamKind, StreamRef,
    TimestampMs,
};

pub(crate) const PARTNERS: [&str; 5] = ["dhl", "ups", "gls", "shopify", "Großhändler"];

/// What is stored, by partner and slot.
pub(crate) type Cells = BTreeMap<(String, Slot), SlotValue>;

pub(crate) fn open(path: &Path) -> Store {
    Store::open(&Options::new(path)).expect("the store opens")
}

pub(crate) fn requests(partner: &str) -> StreamRef<'_> {
    StreamRef {
        kind: StreamKind::Activity,
        name: "requests",
        labels: [partner, "create_label", "production", "", ""],
    }
}

/// A batch of one event for each (partner number, slot, duration).
pub(crate) fn batch_of(store: &Store, events: &[(usize, u32, f64)]) -> Batch {
    let mut batch = store.batch();
    for (partner, slot, seconds) in events {
        let slot = Slot(*slot);
        let at = store.slot_width().start(slot);
        let cell = batch.activity(requests(PARTNERS[*partner]), slot).expect("room for the stream");
        cell.record(Outcome::Status2xx, Some(*seconds), at);
    }
    batch.finish()
}

pub(crate) fn append(store: &Store, events: &[(usize, u32, f64)]) {
    let batch = batch_of(store, events);
    let items = events.len() as u64;
    store.append_blocking(batch, items, None, TimestampMs(1)).expect("appended");
}

/// Everything the store holds.
pub(crate) fn cells(store: &Store) -> Cells {
    let mut found = Cells::new();
    for kind in [StreamKind::Activity, StreamKind::Gauge] {
        let streams = store.select(kind, None, &LabelSets::new());
        let every_slot = Slot(0)..Slot(u32::MAX);
        let read = store.scan(&streams, every_slot, &mut |stream, slot, value| {
            let partner = store.stream_labels(stream, &[Label::Partner]).remove(0);
            merge_into(&mut found, partner, slot, value);
        });
        read.expect("every block is readable");
    }
    found
}

pub(crate) fn merge_into(cells: &mut Cells, partner: String, slot: Slot, value: &SlotValue) {
    cells
        .entry((partner, slot))
        .and_modify(|held| held.merge(value))
        .or_insert_with(|| value.clone());
}

/// Copies a data directory as a crash at this moment would leave it.
pub(crate) fn crash_copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory for the copy");
    for entry in std::fs::read_dir(from).expect("the data directory") {
        let entry = entry.expect("an entry");
        if entry.file_name() != "LOCK" {
            // A file that compaction removes while the copy runs is not part of the database.
            let _ = std::fs::copy(entry.path(), to.join(entry.file_name()));
        }
    }
}
