//! Whether a data directory holds what it must: a first part of each lane's items, each exactly once, in
//! every resolution, with the idempotency keys, the newest times and the records that belong to it.

use std::collections::BTreeMap;
use std::path::Path;

use plimsoll_storage::{Columns, Durability, Label, Scan, SlotValue, Store, StreamId, TimestampMs};

use crate::driver::{Bounds, TABLE, append, key_of, names, options};
use crate::plan::{Item, LANES, Plan};

/// What is wrong with a store.
#[derive(Debug)]
pub enum Problem {
    /// It says so itself: it does not open, or answers with an error.
    Reported(String),
    /// It holds something else than it must.
    Wrong(String),
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Reported(why) => write!(f, "it answers with an error: {why}"),
            Self::Wrong(why) => f.write_str(why),
        }
    }
}

impl From<plimsoll_storage::Error> for Problem {
    fn from(error: plimsoll_storage::Error) -> Self {
        Self::Reported(error.to_string())
    }
}

impl Problem {
    fn wrong<T>(why: impl Into<String>) -> Result<T, Self> {
        Err(Self::Wrong(why.into()))
    }

    fn in_lane(self, lane: usize) -> Self {
        match self {
            Self::Reported(why) => Self::Reported(format!("lane {lane}: {why}")),
            Self::Wrong(why) => Self::Wrong(format!("lane {lane}: {why}")),
        }
    }
}

/// The count of a stream, the sum of its durations and its newest time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Total {
    count: u64,
    sum_ms: u64,
    last_at: i64,
}

/// Totals by operation.
type Totals = BTreeMap<String, Total>;

/// Opens a data directory and checks it. Returns how many items of each lane it holds.
///
/// # Errors
/// What is wrong with it.
pub fn check(
    dir: &Path,
    plan: &Plan,
    durability: Durability,
    bounds: Bounds,
) -> Result<[usize; LANES], Problem> {
    let store = open(dir, durability)?;
    check_store(&store, plan, bounds)
}

/// Opens a data directory, appends to each lane its next item, seals, closes and opens it
/// again, and checks that the item is there once.
///
/// # Errors
/// What is wrong with it.
pub fn check_continues(
    dir: &Path,
    plan: &Plan,
    durability: Durability,
    held: [usize; LANES],
) -> Result<(), Problem> {
    let store = open(dir, durability)?;
    let mut expected = held;
    let now_ms = plan.segments.last().map_or(0, |last| last.now_ms);
    for (lane, held) in expected.iter_mut().enumerate() {
        let items = plan.lane(lane);
        // A repeated item with a key changes nothing, except that keys expire after a day.
        if let Some(last) = held.checked_sub(1)
            && let Some(key) = key_of(last, items[last])
            && store.counted(&key, TimestampMs(now_ms)).ok().flatten().is_some()
        {
            let repeated = append(&store, lane, last, items[last], now_ms);
            if !repeated.as_ref().is_ok_and(|repeated| *repeated) {
                return Problem::wrong(format!(
                    "lane {lane}: a repeated item is taken for new: {repeated:?}"
                ));
            }
        }
        if let Some(next) = items.get(*held) {
            append(&store, lane, *held, next, now_ms)?;
            *held += 1;
        }
    }
    store.seal()?;
    store.retain()?;
    store.flush()?;
    drop(store);
    let again = check(dir, plan, durability, Bounds { least: expected, most: expected });
    again.map(drop).map_err(|why| Problem::Wrong(format!("after going on: {why}")))
}

fn open(dir: &Path, durability: Durability) -> Result<Store, Problem> {
    let opened = Store::open(&options(dir, durability));
    opened.map_err(|error| Problem::Reported(format!("it does not open: {error}")))
}

/// Checks an open store.
///
/// # Errors
/// What is wrong with it.
pub fn check_store(store: &Store, plan: &Plan, bounds: Bounds) -> Result<[usize; LANES], Problem> {
    let mut held = [0; LANES];
    for (lane, held) in held.iter_mut().enumerate() {
        *held = check_lane(store, plan, lane, (bounds.least[lane], bounds.most[lane]))
            .map_err(|problem| problem.in_lane(lane))?;
    }
    if store.has_damage() {
        return Problem::wrong("a block is damaged");
    }
    Ok(held)
}

fn check_lane(
    store: &Store,
    plan: &Plan,
    lane: usize,
    (least, most): (usize, usize),
) -> Result<usize, Problem> {
    let slots = totals(store, lane, 1)?;
    let quarter = store.slot_width().slots_in(15 * 60_000);
    let quarters = totals(store, lane, quarter)?;
    if slots != quarters {
        return Problem::wrong(format!("slots and quarters differ: {slots:?} and {quarters:?}"));
    }
    let record = store.get(TABLE, &[lane as u8])?;
    let record = record.and_then(|it| Some(u64::from_be_bytes(it.try_into().ok()?) as usize));
    let items = plan.lane(lane);
    let mut expected = Totals::new();
    let mut expected_record = None;
    let mut nearest = None;
    for held in 0..=most {
        if held > 0 {
            add(&mut expected, lane, items[held - 1]);
            if matches!(items[held - 1], Item::Record) {
                expected_record = Some(held - 1);
            }
        }
        if expected == slots {
            nearest = Some(held);
            if held >= least && record == expected_record {
                check_keys(store, plan, lane, held)?;
                return Ok(held);
            }
        }
    }
    let counts: u64 = slots.values().map(|total| total.count).sum();
    Problem::wrong(match nearest {
        Some(held) => format!(
            "it holds {held} items with record {record:?}; between {least} and {most} are expected"
        ),
        None => format!(
            "it holds {counts} events, which is no first part of its {least} to {most} items: {}",
            explain(&slots, &items, lane, least)
        ),
    })
}

/// The streams whose totals differ from those of so many items.
fn explain(found: &Totals, items: &[&Item], lane: usize, held: usize) -> String {
    let mut expected = Totals::new();
    items.iter().take(held).for_each(|item| add(&mut expected, lane, item));
    let names = expected.keys().chain(found.keys().filter(|name| !expected.contains_key(*name)));
    let differ = names.filter(|name| expected.get(*name) != found.get(*name));
    let texts = differ.map(|name| {
        format!("{name} has {:?} instead of {:?}", found.get(name), expected.get(name))
    });
    texts.take(4).collect::<Vec<_>>().join("; ")
}

fn add(totals: &mut Totals, lane: usize, item: &Item) {
    let Item::Push { events, .. } = item else { return };
    for event in events {
        let total = totals.entry(names(lane, event.operation).1).or_default();
        total.count += 1;
        total.sum_ms += u64::from(event.duration_ms);
        total.last_at = total.last_at.max(event.at_ms);
    }
}

/// Keys are known exactly when their items are there, as long as none has expired.
fn check_keys(store: &Store, plan: &Plan, lane: usize, held: usize) -> Result<(), Problem> {
    let mut number = 0;
    let times = plan.segments.iter().flat_map(|it| it.lanes[lane].iter().map(|_| it.now_ms));
    for (item, now_ms) in plan.lane(lane).into_iter().zip(times) {
        number += 1;
        let Some(key) = key_of(number - 1, item) else { continue };
        let Item::Push { events, .. } = item else { continue };
        // A key that a compaction has dropped had expired before the newest data.
        let may_have_expired = plan.lane(lane).len() - number > 10 && number <= held;
        let known = store.counted(&key, TimestampMs(now_ms))?;
        let expected = (number <= held).then_some(events.len() as u64);
        if known != expected && !(may_have_expired && known.is_none()) {
            return Problem::wrong(format!(
                "the key of item {number} of {held} counts {known:?} items"
            ));
        }
    }
    Ok(())
}

/// What a lane's streams hold, read at a resolution.
fn totals(store: &Store, lane: usize, grain: u32) -> Result<Totals, Problem> {
    let days = Plan::days_ms();
    let width = store.slot_width();
    let slots = width.slot_of(TimestampMs(days.start))..width.slot_of(TimestampMs(days.end));
    let mut totals = Totals::new();
    let streams = (0_u32..).map(StreamId).map_while(|id| Some((id, store.stream_key(id)?)));
    let partner = names(lane, 0).0;
    for (id, key) in streams.filter(|(_, key)| key.label(Label::Partner) == partner) {
        let streams = [id];
        let scan = Scan { streams: &streams, slots: slots.clone(), grain, columns: Columns::ALL };
        let mut total = Total::default();
        let scanned = store.scan(&scan, &mut |_, _, value| {
            if let SlotValue::Activity(cell) = value {
                total.count += cell.outcomes.total();
                total.sum_ms += (cell.durations.sum_us() + 500) / 1000;
                total.last_at = total.last_at.max(cell.last_at.map_or(0, |at| at.0));
            }
        });
        scanned?;
        let seen = store.last_seen(id).map_or(0, |at| at.0);
        let operation = key.label(Label::Operation).to_owned();
        if seen != total.last_at {
            return Problem::wrong(format!(
                "{operation} was last seen at {seen}, its data at {}",
                total.last_at
            ));
        }
        if totals.insert(operation.clone(), total).is_some() {
            return Problem::wrong(format!("{operation} has two streams"));
        }
    }
    Ok(totals)
}
