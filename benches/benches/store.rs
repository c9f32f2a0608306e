//! The store without HTTP: recording durations, appending batches, querying p95.
#![allow(missing_docs, reason = "criterion's macros make public items")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mimalloc::MiMalloc;
use plimsoll_benches::facts;
use plimsoll_query::{Grid, LatencyMeasures, Selector, groups, latency};
use plimsoll_storage::{
    Batch, Cell, Durability, Histogram, Label, Options, Slot, Store, TimestampMs,
};

/// The allocator of the server.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// First slot of the test data: 2026-11-20T00:00:00Z.
const FIRST_SLOT: u32 = 179_513_280;

fn store(durability: Durability) -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut options = Options::new(directory.path());
    options.durability = durability;
    let store = Store::open(&options).expect("the store opens");
    (directory, store)
}

/// One slot of every endpoint.
fn slot_of_cells(store: &Store, endpoints: &[facts::Endpoint], slot: Slot) -> Batch {
    let mut random = fastrand::Rng::with_seed(slot.0.into());
    let at = store.slot_width().start(slot);
    let mut batch = store.batch();
    for endpoint in endpoints {
        let cell = endpoint.cell(random.u64(4..14), at, &mut random);
        batch.activity(endpoint.stream(), slot).expect("room for the stream").merge(&cell);
    }
    batch.finish()
}

fn histogram(c: &mut Criterion) {
    let endpoint = &facts::endpoints(1, 1)[0];
    let mut random = fastrand::Rng::with_seed(1);
    let seconds: Vec<f64> = (0..1_000).map(|_| endpoint.request(&mut random).1).collect();
    let mut group = c.benchmark_group("histogram");
    group.throughput(Throughput::Elements(seconds.len() as u64));
    group.bench_function("record", |b| {
        b.iter(|| {
            let mut histogram = Histogram::default();
            seconds.iter().for_each(|seconds| histogram.record(*seconds));
            histogram
        });
    });
    group.finish();
    let cells: Vec<Cell> = (0..30).map(|_| endpoint.cell(9, TimestampMs(0), &mut random)).collect();
    c.bench_function("histogram/p95 of 30 cells", |b| {
        b.iter(|| {
            let mut sum = plimsoll_storage::CellSum::default();
            cells.iter().for_each(|cell| sum.add(cell));
            sum.to_cell().durations.quantile(0.95)
        });
    });
}

fn append(c: &mut Criterion) {
    let endpoints = facts::endpoints(200, 1);
    let mut group = c.benchmark_group("append");
    group.sample_size(10).throughput(Throughput::Elements(endpoints.len() as u64));
    for (name, durability) in [("fsync", Durability::Fsync), ("wal", Durability::Wal)] {
        let (_directory, store) = store(durability);
        let mut slot = Slot(FIRST_SLOT);
        group.bench_function(format!("4,000 cells, {name}"), |b| {
            b.iter_batched(
                || {
                    slot = slot.plus(1);
                    if store.needs_seal() {
                        store.seal().expect("sealed");
                    }
                    slot_of_cells(&store, &endpoints, slot)
                },
                |batch| store.append_blocking(batch, 1, None, TimestampMs(0)).expect("appended"),
                criterion::BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn query(c: &mut Criterion) {
    let endpoints = facts::endpoints(200, 1);
    let (_directory, store) = store(Durability::Memory);
    let last = Slot(FIRST_SLOT + 60);
    for slot in FIRST_SLOT..last.0 {
        let batch = slot_of_cells(&store, &endpoints, Slot(slot));
        store.append_blocking(batch, 1, None, TimestampMs(0)).expect("appended");
    }
    let selector = Selector::activity("requests");
    let grid =
        Grid::at(store.slot_width().start(last), 300_000, store.slot_width()).expect("valid");
    let p95 = LatencyMeasures::quantiles(&[0.95]);
    let query = || latency(&store, groups(&store, &selector, &[Label::Partner]), &grid, &p95);
    let mut group = c.benchmark_group("query");
    group.sample_size(10);
    group.bench_function("p95 of 200 partners, 5 m, from the head", |b| b.iter(&query));
    store.seal().expect("sealed");
    group.bench_function("p95 of 200 partners, 5 m, from blocks", |b| b.iter(&query));
    group.finish();
}

criterion_group!(benches, histogram, append, query);
criterion_main!(benches);
