//! The block codec on streams of five kinds: bytes a cell and nanoseconds a cell, by encoding. Prints the
//! tables of `benches/CODEC.md`, then measures decoding single columns with criterion.
#![allow(missing_docs, reason = "criterion's macros make public items")]

#[path = "codec/streams.rs"]
mod streams;
#[path = "codec/varint.rs"]
mod varint;

use std::hint::black_box;
use std::ops::Range;
use std::time::Instant;

use criterion::{Criterion, Throughput, criterion_group};
use plimsoll_storage::bench::{add_to_sum, encode_cold, encode_hot, for_each_cell};
use plimsoll_storage::{CellSum, Columns, Slot, SlotValue};
use streams::Run;

/// Bytes that RocksDB compresses together.
const FILE_BLOCK_BYTES: usize = 16 << 10;
/// RocksDB's default level of zstd.
const ZSTD_LEVEL: i32 = 3;

type Visit<'v> = &'v mut dyn FnMut(Slot, &SlotValue);

/// An encoding under comparison.
struct Variant {
    name: &'static str,
    encode: fn(&[(Slot, SlotValue)]) -> Vec<u8>,
    decode: fn(&[u8], Visit<'_>) -> bool,
    sum: fn(&[u8]),
}

const VARIANTS: [Variant; 3] = [
    Variant {
        name: "varint columns",
        encode: |run| {
            let mut out = Vec::new();
            varint::encode(run, &mut out);
            out
        },
        decode: |bytes, visit| varint::decode(bytes, visit).is_ok(),
        sum: |bytes| {
            let mut sum = CellSum::default();
            let read = varint::decode(bytes, &mut |_, value| {
                if let SlotValue::Activity(cell) = value {
                    sum.add(cell);
                }
            });
            assert!(read.is_ok());
            black_box(sum);
        },
    },
    Variant { name: "hot", encode: encode_hot, decode: for_each_cell, sum },
    Variant { name: "cold", encode: encode_cold, decode: for_each_cell, sum },
];

/// Nanoseconds a cell: the best round of each item, added up, so that other work on the machine has little
/// effect.
fn nanoseconds<T>(cells: usize, items: &[T], mut work: impl FnMut(&T)) -> f64 {
    let mut best = |item| {
        let round = |_| {
            let started = Instant::now();
            work(item);
            started.elapsed().as_secs_f64()
        };
        (0..25).map(round).fold(f64::INFINITY, f64::min)
    };
    items.iter().map(&mut best).sum::<f64>() * 1e9 / cells as f64
}

fn compressed(blocks: &[Vec<u8>]) -> Vec<Vec<u8>> {
    blocks
        .concat()
        .chunks(FILE_BLOCK_BYTES)
        .map(|chunk| zstd::bulk::compress(chunk, ZSTD_LEVEL).expect("compressed"))
        .collect()
}

fn table() {
    println!(
        "| stream | encoding | bytes a cell | after zstd | encode ns | decode ns | sum ns | unzip ns |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (kind, runs) in streams::kinds() {
        for variant in &VARIANTS {
            println!("| {kind} {}", row(variant, &runs));
        }
    }
}

fn row(variant: &Variant, runs: &[Run]) -> String {
    let cells: usize = runs.iter().map(Vec::len).sum();
    let blocks: Vec<Vec<u8>> = runs.iter().map(|run| (variant.encode)(run)).collect();
    let files = compressed(&blocks);
    let bytes = |blocks: &[Vec<u8>]| blocks.concat().len() as f64 / cells as f64;
    let encode = nanoseconds(cells, runs, |run| drop(black_box((variant.encode)(run))));
    let decode = nanoseconds(cells, &blocks, |block| {
        assert!((variant.decode)(block, &mut |slot, value| {
            black_box((slot, value));
        }));
    });
    let sum = nanoseconds(cells, &blocks, |block| (variant.sum)(block));
    let unzip = nanoseconds(cells, &files, |file| {
        black_box(zstd::bulk::decompress(file, FILE_BLOCK_BYTES).expect("whole"));
    });
    format!(
        "| {} | {:.2} | {:.2} | {encode:.0} | {decode:.1} | {sum:.1} | {unzip:.1} |",
        variant.name,
        bytes(&blocks),
        bytes(&files),
    )
}

/// Adds up the durations of a block: what a query for quantiles does.
fn sum(block: &[u8]) {
    let columns = Columns { durations: true, sums: true, ..NOTHING };
    let mut sum = CellSum::default();
    assert!(add_to_sum(block, &(Slot(0)..Slot(u32::MAX)), columns, &mut sum));
    black_box(sum);
}

/// The streams of the facts, cut into runs of several lengths.
fn run_lengths() {
    println!("\n| cells in a run | hot, after zstd | cold, after zstd |");
    println!("|---|---|---|");
    let (_, runs) = streams::kinds().swap_remove(0);
    for length in [8, 16, 32, 64, 120, 360] {
        let [hot, cold] = [encode_hot, encode_cold].map(|encode| {
            let cut = runs.iter().flat_map(|run| run.chunks(length));
            let blocks: Vec<Vec<u8>> = cut.map(encode).collect();
            let cells: usize = runs.iter().map(Vec::len).sum();
            compressed(&blocks).concat().len() as f64 / cells as f64
        });
        println!("| {length} | {hot:.2} | {cold:.2} |");
    }
}

const NOTHING: Columns = Columns { outcomes: false, durations: false, sums: false, last_at: false };

/// The columns that queries select.
const SELECTIONS: [(&str, Columns); 4] = [
    ("outcomes", Columns { outcomes: true, ..NOTHING }),
    ("buckets", Columns { durations: true, ..NOTHING }),
    ("buckets and sums", Columns { durations: true, sums: true, ..NOTHING }),
    ("everything", Columns::ALL),
];

type Encode = fn(&[(Slot, SlotValue)]) -> Vec<u8>;

/// Decoding single columns of the facts' streams, the whole hour and its last five minutes.
fn columns(c: &mut Criterion) {
    let (_, runs) = streams::kinds().swap_remove(0);
    let (first, end) = (Slot(streams::FIRST_SLOT), Slot(streams::FIRST_SLOT + streams::SLOTS));
    for (encoding, encode) in [("hot", encode_hot as Encode), ("cold", encode_cold)] {
        let blocks: Vec<Vec<u8>> = runs.iter().map(|run| encode(run)).collect();
        for (range, slots) in [("hour", first..end), ("last 5 m", end.minus(30)..end)] {
            measure_selections(c, &format!("{encoding}, {range}"), &blocks, &slots);
        }
    }
}

fn measure_selections(c: &mut Criterion, name: &str, blocks: &[Vec<u8>], slots: &Range<Slot>) {
    let mut group = c.benchmark_group(name);
    let cells = blocks.len() as u64 * u64::from(slots.end.0 - slots.start.0);
    group.sample_size(20).throughput(Throughput::Elements(cells));
    for (name, columns) in SELECTIONS {
        group.bench_function(name, |b| {
            b.iter(|| {
                let mut sum = CellSum::default();
                for block in blocks {
                    assert!(add_to_sum(block, slots, columns, &mut sum));
                }
                black_box(&sum);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, columns);

fn main() {
    table();
    run_lengths();
    benches();
    Criterion::default().configure_from_args().final_summary();
}
