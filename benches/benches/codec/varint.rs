//! A simple encoding for comparison: each field of the cells as one list, deltas where neighbours are
//! similar, encoded as varints by bincode.

use bincode::{Decode, Encode, config};
use plimsoll_storage::{
    Bucket, Cell, Histogram, Outcome, OutcomeCounts, Slot, SlotValue, TimestampMs,
};

/// The most bytes of a decoded block.
const BLOCK_BYTES_MAX: usize = 64 << 20;

const CONFIG: config::Configuration<
    config::BigEndian,
    config::Varint,
    config::Limit<BLOCK_BYTES_MAX>,
> = config::standard().with_big_endian().with_limit::<BLOCK_BYTES_MAX>();

/// The columns do not fit each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Damaged;

/// A run of cells by column. Lists have one entry for each cell unless stated otherwise.
#[derive(Debug, Default, Encode, Decode)]
struct Columns {
    /// Difference to the slot before; the first is the slot itself.
    slots: Vec<u32>,
    activity: ActivityColumns,
}

#[derive(Debug, Default, Encode, Decode)]
struct ActivityColumns {
    /// Bit `n`: the cell has a count of outcome class `n`.
    class_masks: Vec<u16>,
    /// The counts, in the order of the mask's bits.
    class_counts: Vec<u64>,
    /// The newest event time as the difference to the one before it; no entry where there is none.
    last_ats: Vec<i64>,
    has_last_at: Vec<bool>,
    scales: Vec<i8>,
    zero_counts: Vec<u64>,
    sums_us: Vec<u64>,
    bucket_numbers: Vec<u32>,
    /// Difference to the bucket index before it in the same cell; the first is the index itself.
    bucket_indexes: Vec<i32>,
    bucket_counts: Vec<u64>,
}

/// Appends the columns of `run` to `out`.
pub(crate) fn encode(run: &[(Slot, SlotValue)], out: &mut Vec<u8>) {
    let mut columns = Columns::default();
    let mut slot_before = 0;
    let mut last_at_before = 0;
    for (slot, value) in run {
        columns.slots.push(slot.0.wrapping_sub(slot_before));
        slot_before = slot.0;
        if let SlotValue::Activity(cell) = value {
            columns.activity.push(cell, &mut last_at_before);
        }
    }
    // Encoding plain lists into memory has no way to fail.
    if let Err(error) = bincode::encode_into_std_write(&columns, out, CONFIG) {
        debug_assert!(false, "{error}");
    }
}

/// Calls `visit` with each cell, ascending by slot.
pub(crate) fn decode(bytes: &[u8], visit: &mut dyn FnMut(Slot, &SlotValue)) -> Result<(), Damaged> {
    let (columns, used): (Columns, usize) =
        bincode::decode_from_slice(bytes, CONFIG).map_err(|_| Damaged)?;
    if used != bytes.len() {
        return Err(Damaged);
    }
    let mut activity = ActivityReader::new(columns.activity);
    let mut slot = 0_u32;
    for step in columns.slots {
        slot = slot.wrapping_add(step);
        let value = activity.next().map(SlotValue::Activity);
        visit(Slot(slot), &value.ok_or(Damaged)?);
    }
    Ok(())
}

impl ActivityColumns {
    fn push(&mut self, cell: &Cell, last_at_before: &mut i64) {
        let mut mask = 0;
        for (class, count) in cell.outcomes.iter() {
            mask |= 1 << class as u16;
            self.class_counts.push(count);
        }
        self.class_masks.push(mask);
        self.has_last_at.push(cell.last_at.is_some());
        if let Some(at) = cell.last_at {
            self.last_ats.push(at.0.wrapping_sub(*last_at_before));
            *last_at_before = at.0;
        }
        self.scales.push(cell.durations.scale());
        self.zero_counts.push(cell.durations.zero_count());
        self.sums_us.push(cell.durations.sum_us());
        self.bucket_numbers.push(cell.durations.buckets().len() as u32);
        let mut index_before = 0;
        for bucket in cell.durations.buckets() {
            self.bucket_indexes.push(bucket.index - index_before);
            self.bucket_counts.push(bucket.count);
            index_before = bucket.index;
        }
    }
}

/// Splits the columns into cells; `None` when a list is too short or a value impossible.
struct ActivityReader {
    class_masks: std::vec::IntoIter<u16>,
    class_counts: std::vec::IntoIter<u64>,
    last_ats: std::vec::IntoIter<i64>,
    has_last_at: std::vec::IntoIter<bool>,
    scales: std::vec::IntoIter<i8>,
    zero_counts: std::vec::IntoIter<u64>,
    sums_us: std::vec::IntoIter<u64>,
    bucket_numbers: std::vec::IntoIter<u32>,
    bucket_indexes: std::vec::IntoIter<i32>,
    bucket_counts: std::vec::IntoIter<u64>,
    last_at: i64,
}

impl ActivityReader {
    fn new(columns: ActivityColumns) -> Self {
        Self {
            class_masks: columns.class_masks.into_iter(),
            class_counts: columns.class_counts.into_iter(),
            last_ats: columns.last_ats.into_iter(),
            has_last_at: columns.has_last_at.into_iter(),
            scales: columns.scales.into_iter(),
            zero_counts: columns.zero_counts.into_iter(),
            sums_us: columns.sums_us.into_iter(),
            bucket_numbers: columns.bucket_numbers.into_iter(),
            bucket_indexes: columns.bucket_indexes.into_iter(),
            bucket_counts: columns.bucket_counts.into_iter(),
            last_at: 0,
        }
    }

    fn next(&mut self) -> Option<Cell> {
        Some(Cell {
            outcomes: self.outcomes()?,
            last_at: self.last_at()?,
            durations: self.durations()?,
        })
    }

    fn outcomes(&mut self) -> Option<OutcomeCounts> {
        let mask = self.class_masks.next()?;
        let mut outcomes = OutcomeCounts::default();
        for class in Outcome::ALL {
            if mask & (1 << class as u16) != 0 {
                outcomes.add(class, self.class_counts.next()?);
            }
        }
        Some(outcomes)
    }

    fn last_at(&mut self) -> Option<Option<TimestampMs>> {
        if !self.has_last_at.next()? {
            return Some(None);
        }
        self.last_at = self.last_at.wrapping_add(self.last_ats.next()?);
        Some(Some(TimestampMs(self.last_at)))
    }

    fn durations(&mut self) -> Option<Histogram> {
        let number = self.bucket_numbers.next()? as usize;
        if number > self.bucket_counts.len() {
            return None;
        }
        let mut buckets = Vec::with_capacity(number);
        let mut index = 0_i32;
        for _ in 0..number {
            index = index.checked_add(self.bucket_indexes.next()?)?;
            buckets.push(Bucket { index, count: self.bucket_counts.next()? });
        }
        let (scale, zero_count) = (self.scales.next()?, self.zero_counts.next()?);
        Histogram::from_parts(scale, zero_count, self.sums_us.next()?, buckets)
    }
}
