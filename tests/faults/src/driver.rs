//! Runs a [`Plan`] on a store and writes a mark before and after everything that a crash may interrupt.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use plimsoll_storage::{
    Durability, IdempotencyKey, Label, Options, Result, Slot, Store, StreamKind, StreamRef, Table,
    TableBatch, TimestampMs,
};

use crate::plan::{Event, Item, LANES, Plan, Segment, Step};

/// The table of [`Item::Record`].
pub(crate) const TABLE: Table = Table::Cursor;

/// What a process of a plan works on.
#[derive(Debug, Clone, Copy)]
pub struct Drive<'a> {
    /// The data directory.
    pub dir: &'a Path,
    /// The file of the marks.
    pub marks: &'a Path,
    /// When an append is acknowledged.
    pub durability: Durability,
}

/// How the driver opens a store.
#[must_use]
pub fn options(dir: &Path, durability: Durability) -> Options {
    let mut options = Options::new(dir);
    options.durability = durability;
    options.retention = Plan::retention();
    options
}

/// Runs the part of a plan that belongs to one process. Other processes than the last end without closing the
/// store, unless the store may lose what is in memory.
///
/// # Errors
/// The store fails, which it never should here, or the file of marks cannot be written.
pub fn drive(plan: &Plan, process: usize, drive: Drive<'_>) -> std::result::Result<(), String> {
    let marks = OpenOptions::new().create(true).append(true).open(drive.marks);
    let marks = marks.map_err(|error| error.to_string())?;
    run(plan, process, drive, &marks).map_err(|error| error.to_string())?;
    if process + 1 < plan.processes() && drive.durability != Durability::Memory {
        process::abort();
    }
    Ok(())
}

fn run(plan: &Plan, process: usize, drive: Drive<'_>, marks: &File) -> Result<()> {
    let (segments, mut next) = plan.of_process(process);
    let store = Store::open(&options(drive.dir, drive.durability))?;
    let backups = AtomicU64::new(0);
    for segment in segments {
        let (store, backups) = (&store, &backups);
        std::thread::scope(|scope| -> Result<()> {
            let lanes: Vec<_> = segment
                .lanes
                .iter()
                .enumerate()
                .map(|(lane, items)| {
                    let first = next[lane];
                    scope.spawn(move || append_all(store, lane, first, items, (segment, marks)))
                })
                .collect();
            for step in &segment.steps {
                let to = format!("{}-backup-{process}-{}", drive.dir.display(), {
                    backups.fetch_add(1, Ordering::Relaxed)
                });
                maintain(store, *step, segment, (Path::new(&to), marks))?;
            }
            lanes.into_iter().try_for_each(|lane| lane.join().expect("no lane panics"))
        })?;
        for (next, items) in next.iter_mut().zip(&segment.lanes) {
            *next += items.len();
        }
    }
    if process + 1 < plan.processes() && drive.durability != Durability::Memory {
        std::mem::forget(store);
        return Ok(());
    }
    flush(&store, marks)
}

/// Appends the items of a lane one after the other.
fn append_all(
    store: &Store,
    lane: usize,
    first: usize,
    items: &[Item],
    (segment, marks): (&Segment, &File),
) -> Result<()> {
    for (number, item) in (first..).zip(items) {
        mark(marks, &format!("begin {lane} {number}"));
        append(store, lane, number, item, segment.now_ms)?;
        mark(marks, &format!("done {lane} {number}"));
    }
    Ok(())
}

/// The idempotency key of an item that has one.
pub(crate) fn key_of(number: usize, item: &Item) -> Option<IdempotencyKey> {
    match item {
        Item::Push { key: Some(key), .. } => {
            Some(IdempotencyKey { key: key.clone(), digest: [number as u8; 16] })
        }
        Item::Push { key: None, .. } | Item::Record => None,
    }
}

/// Appends one item. Returns whether the store knew its key.
///
/// # Errors
/// The store cannot be written.
pub(crate) fn append(
    store: &Store,
    lane: usize,
    number: usize,
    item: &Item,
    now_ms: i64,
) -> Result<bool> {
    let Item::Push { events, .. } = item else {
        let mut batch = TableBatch::default();
        batch.put(TABLE, &[lane as u8], (number as u64).to_be_bytes().to_vec());
        return store.commit(batch).map(|()| false);
    };
    let mut batch = store.batch();
    for event in events {
        record(&mut batch, store, lane, event)?;
    }
    let key = key_of(number, item);
    let items = events.len() as u64;
    let appended = store.append_blocking(batch.finish(), items, key, TimestampMs(now_ms))?;
    Ok(appended.duplicate)
}

fn record(
    batch: &mut plimsoll_storage::BatchBuilder<'_>,
    store: &Store,
    lane: usize,
    event: &Event,
) -> Result<()> {
    let (partner, operation) = names(lane, event.operation);
    let mut labels = [""; Label::COUNT];
    labels[Label::Partner as usize] = &partner;
    labels[Label::Operation as usize] = &operation;
    labels[Label::Environment as usize] = "production";
    let stream = StreamRef { kind: StreamKind::Activity, name: "requests", labels };
    let at = TimestampMs(event.at_ms);
    let slot: Slot = store.slot_width().slot_of(at);
    let duration_s = f64::from(event.duration_ms) / 1e3;
    batch.activity(stream, slot)?.record(event.outcome, Some(duration_s), at);
    Ok(())
}

/// The partner and operation of a stream.
pub(crate) fn names(lane: usize, operation: usize) -> (String, String) {
    (format!("lane-{lane}"), format!("operation-{operation}"))
}

fn maintain(
    store: &Store,
    step: Step,
    segment: &Segment,
    (backup, marks): (&Path, &File),
) -> Result<()> {
    match step {
        Step::Seal => store.seal().map(drop),
        Step::Maintain => store.maintain(TimestampMs(segment.now_ms)).map(drop),
        Step::Flush => flush(store, marks),
        Step::Compact => store.compact(),
        Step::Retain => store.retain().map(drop),
        Step::Backup => store.backup(backup).map(drop),
    }
}

/// What was acknowledged before a flush began is in files when it has ended.
fn flush(store: &Store, marks: &File) -> Result<()> {
    mark(marks, "flush");
    store.flush()?;
    mark(marks, "flushed");
    Ok(())
}

/// Writes a line at once.
fn mark(mut marks: &File, text: &str) {
    let line = format!("{text}\n");
    marks.write_all(line.as_bytes()).expect("the file of marks can be written");
}

/// Which items of each lane a store must hold, and which it may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// So many items of each lane must be there.
    pub least: [usize; LANES],
    /// No more than so many can be there.
    pub most: [usize; LANES],
}

impl Bounds {
    /// The bounds after some marks. With `keeps_acknowledged` everything acknowledged must be there,
    /// otherwise what was acknowledged before the last flush.
    pub fn after<'a>(marks: impl Iterator<Item = &'a str>, keeps_acknowledged: bool) -> Self {
        let (mut begun, mut done) = ([0; LANES], [0; LANES]);
        let (mut flushing, mut flushed) = (done, done);
        for mark in marks {
            let words: Vec<&str> = mark.split(' ').collect();
            let number = |index: usize| words.get(index).and_then(|it| it.parse::<usize>().ok());
            match (words.first().copied(), number(1), number(2)) {
                (Some("begin"), Some(lane), Some(item)) => begun[lane] = item + 1,
                (Some("done"), Some(lane), Some(item)) => done[lane] = item + 1,
                (Some("flush"), ..) => flushing = done,
                (Some("flushed"), ..) => flushed = flushing,
                _ => {}
            }
        }
        Self { least: if keeps_acknowledged { done } else { flushed }, most: begun }
    }
}
