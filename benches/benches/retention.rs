//! Downsampling a day of slots to minutes: the time it takes, and the disk space it frees.
//!
//! Prints the result of one run: three days of 200 endpoints are written, then opened with a retention of two
//! days.

use std::path::Path;
use std::time::Instant;

use mimalloc::MiMalloc;
use plimsoll_benches::facts;
use plimsoll_storage::{Durability, Options, Slot, Store, TimestampMs};

/// The allocator of the server.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const DAY_SLOTS: u32 = 8_640;
const DAY_MS: i64 = 86_400_000;
/// 2026-11-17.
const FIRST_DAY: u32 = 20_774;
const DAYS: u32 = 3;
/// Slots in a batch.
const BATCH: u32 = 60;

fn main() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut options = Options::new(directory.path());
    options.durability = Durability::Wal;
    let store = Store::open(&options).expect("the store opens");
    fill(&store);
    store.seal().expect("sealed");
    store.compact().expect("compacted");
    drop(store);
    options.retention.slot_ms = i64::from(DAYS - 1) * DAY_MS;
    let store = Store::open(&options).expect("the store opens");
    let before = files(directory.path());
    let start = Instant::now();
    let dropped = store.retain().expect("retained");
    let took = start.elapsed();
    let after = files(directory.path());
    println!("{dropped} day of {DAYS} downsampled in {:.1} ms", took.as_secs_f64() * 1e3);
    println!("before: {} bytes in {} files", before.bytes, before.count);
    println!("after:  {} bytes in {} files", after.bytes, after.count);
    drop(store);
    let closed = files(directory.path());
    println!("closed: {} bytes in {} files", closed.bytes, closed.count);
}

fn fill(store: &Store) {
    let endpoints = facts::endpoints(10, 1);
    let mut random = fastrand::Rng::with_seed(1);
    let first = FIRST_DAY * DAY_SLOTS;
    let mut written = 0;
    for begin in (first..first + DAYS * DAY_SLOTS).step_by(BATCH as usize) {
        let mut batch = store.batch();
        for slot in (begin..begin + BATCH).map(Slot) {
            let at = store.slot_width().start(slot);
            for endpoint in &endpoints {
                let cell = endpoint.cell(random.u64(4..14), at, &mut random);
                batch.activity(endpoint.stream(), slot).expect("room").merge(&cell);
                written += 1;
            }
        }
        store.append_blocking(batch.finish(), 1, None, TimestampMs(0)).expect("appended");
        if store.needs_seal() {
            store.seal().expect("sealed");
        }
    }
    println!("{written} cells of {} endpoints written", endpoints.len());
}

/// The table files of a database.
struct Files {
    bytes: u64,
    count: usize,
}

fn files(path: &Path) -> Files {
    let entries = std::fs::read_dir(path).expect("the data directory");
    let tables = entries.map(|entry| entry.expect("an entry").path());
    let sizes: Vec<u64> = tables
        .filter(|path| path.extension().is_some_and(|end| end == "sst"))
        .map(|path| std::fs::metadata(path).map_or(0, |file| file.len()))
        .collect();
    Files { bytes: sizes.iter().sum(), count: sizes.len() }
}
