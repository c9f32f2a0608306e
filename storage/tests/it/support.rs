//! Shared by the tests: opening stores, building batches, reading cells.

use std::collections::BTreeMap;
use std::path::Path;

use plimsoll_storage::{
    Batch, Label, Options, Outcome, Scan, Slot, SlotValue, Store, StreamKind, StreamRef,
    TimestampMs,
};

pub(crate) const PARTNERS: [&str; 5] = ["dhl", "ups", "gls", "shopify", "Großhändler"];

/// Stored cells by partner and slot.
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

/// Everything the store holds, slot by slot.
pub(crate) fn cells(store: &Store) -> Cells {
    cells_by(store, 1)
}

/// Everything the store holds, by the first of every `grain` slots.
pub(crate) fn cells_by(store: &Store, grain: u32) -> Cells {
    let mut found = Cells::new();
    for kind in [StreamKind::Activity, StreamKind::Gauge] {
        let streams = store.select(kind, None, &Default::default());
        let every_slot = Slot(0)..Slot(u32::MAX / 900 * 900);
        let scan = Scan { grain, ..Scan::new(&streams, every_slot) };
        let read = store.scan(&scan, &mut |stream, slot, value| {
            let partner = store.stream_labels(stream, &[Label::Partner]).remove(0);
            merge_into(&mut found, partner, Slot(slot.0 / grain * grain), value);
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

/// Copies a data directory as a crash now would leave it.
pub(crate) fn crash_copy(from: &Path, to: &Path) {
    // RocksDB compacts in the background: a copy is only valid when no file changed meanwhile.
    loop {
        let before = files(from);
        std::fs::create_dir_all(to).expect("a directory for the copy");
        let copied = before.keys().filter(|name| *name != "LOCK");
        let whole =
            copied.map(|name| std::fs::copy(from.join(name), to.join(name))).all(|one| one.is_ok());
        if whole && files(from) == before {
            return;
        }
        std::fs::remove_dir_all(to).expect("the copy can be removed");
    }
}

/// The files of a directory with their sizes, without RocksDB's log, which grows at any time.
fn files(path: &Path) -> BTreeMap<String, u64> {
    let entries = std::fs::read_dir(path).expect("the data directory");
    let sized = entries.filter_map(|entry| {
        let entry = entry.expect("an entry");
        Some((entry.file_name().into_string().ok()?, entry.metadata().ok()?.len()))
    });
    sized.filter(|(name, _)| !name.starts_with("LOG")).collect()
}
