//! The block codec on streams of four kinds: bytes a cell and nanoseconds a cell, by encoding. Prints
//! the table of `benches/CODEC.md`, then measures reading single columns with criterion.
#![allow(missing_docs, reason = "criterion's macros make public items")]
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "the codec is private to its crate and taken by path, its tests included"
)]

#[path = "../../storage/src/block/mod.rs"]
mod block;
#[path = "../../storage/src/limits.rs"]
mod limits;
#[path = "../../storage/src/model/mod.rs"]
mod model;
#[path = "codec/streams.rs"]
mod streams;
#[path = "codec/varint.rs"]
mod varint;

use std::{hint::black_box, time::Instant};

use criterion::{Criterion, Throughput, criterion_group};

use block::{Panes, Wanted};
use model::{cell::SlotValue, sum::CellSum, time::Slot};
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
    Variant {
        name: "packed",
        encode: block::encode,
        decode: |bytes, visit| block::decode(bytes, visit).is_ok(),
        sum,
    },
    Variant {
        name: "folded",
        encode: block::encode_dense,
        decode: |bytes, visit| block::decode(bytes, visit).is_ok(),
        sum,
    },
];

/// Nanoseconds a cell: the best of some rounds of each item, added up, so that other work on the
/// machine hardly counts.
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
        "| stream | encoding | bytes a cell | after zstd | encode ns | decode ns | sum ns | zstd off ns |"
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

/// Adds the durations of a block up: what a question for quantiles does.
fn sum(block: &[u8]) {
    let wanted = Wanted { durations: true, sums: true, ..NOTHING };
    let borders = [Slot(0), Slot(u32::MAX)];
    let mut sums = [CellSum::default()];
    let mut panes = Panes::new(&borders, &mut sums);
    block::decode_range(block, &(borders[0]..borders[1]), wanted, &mut panes).expect("whole");
    black_box(sums);
}

/// The facts' streams cut into runs of several lengths.
fn border() {
    println!("\n| cells in a run | packed, after zstd | folded, after zstd |");
    println!("|---|---|---|");
    let (_, runs) = streams::kinds().swap_remove(0);
    for length in [8, 16, 32, 64, 120, 360] {
        let [packed, folded] = [block::encode, block::encode_dense].map(|encode| {
            let cut = runs.iter().flat_map(|run| run.chunks(length));
            let blocks: Vec<Vec<u8>> = cut.map(encode).collect();
            let cells: usize = runs.iter().map(Vec::len).sum();
            compressed(&blocks).concat().len() as f64 / cells as f64
        });
        println!("| {length} | {packed:.2} | {folded:.2} |");
    }
}

const NOTHING: Wanted = Wanted { outcomes: false, durations: false, sums: false, last_at: false };

/// What questions ask for.
const ASKED: [(&str, Wanted); 4] = [
    ("outcomes", Wanted { outcomes: true, ..NOTHING }),
    ("buckets", Wanted { durations: true, ..NOTHING }),
    ("buckets and sums", Wanted { durations: true, sums: true, ..NOTHING }),
    ("everything", Wanted::ALL),
];

/// Reading single columns of the facts' streams, the whole hour and its last five minutes.
fn columns(c: &mut Criterion) {
    let (_, runs) = streams::kinds().swap_remove(0);
    let (first, end) = (Slot(streams::FIRST_SLOT), Slot(streams::FIRST_SLOT + streams::SLOTS));
    for (encoding, encode) in [
        ("packed", block::encode as fn(&[(Slot, SlotValue)]) -> Vec<u8>),
        ("folded", block::encode_dense),
    ] {
        let blocks: Vec<Vec<u8>> = runs.iter().map(|run| encode(run)).collect();
        for (range, slots) in [("hour", first..end), ("last 5 m", end.minus(30)..end)] {
            let mut group = c.benchmark_group(format!("{encoding}, {range}"));
            let cells = runs.len() as u64 * u64::from(slots.end.0 - slots.start.0);
            group.sample_size(20).throughput(Throughput::Elements(cells));
            for (columns, wanted) in ASKED {
                group.bench_function(columns, |b| {
                    b.iter(|| {
                        let borders = [slots.start, slots.end];
                        let mut sums = [CellSum::default()];
                        for block in &blocks {
                            let mut panes = Panes::new(&borders, &mut sums);
                            let read = block::decode_range(block, &slots, wanted, &mut panes);
                            assert!(read.is_ok());
                        }
                        black_box(&sums);
                    });
                });
            }
            group.finish();
        }
    }
}

criterion_group!(benches, columns);

fn main() {
    table();
    border();
    benches();
    Criterion::default().configure_from_args().final_summary();
}
