//! The hot encoding *packed*, for new parts: it is made to decode fast. Most fields of most cells take one
//! byte; RocksDB's zstd compression removes what redundancy is left.
//!
//! ```text
//! model     = zigzag of the lowest bucket index of the part
//! Outcomes  = n << 4 | class                 n < 15 items, all of one class
//!           | 15 << 4 | class, n             any number of one class
//!           | k << 4 | 15, k x (class, n)    k classes; k = 0: a heartbeat
//! LastAt    = 0 for none, else 1 + zigzag(distance to the start of the slot); 64 bits, wrapping
//! Durations = buckets << 1, token x buckets                  at scale 5 without zeros
//!           | buckets << 1 | 1, scale, zeros, token x buckets
//! token     = (count - 1) << 6 | gap         count < 4, gap < 63; a field of 3 or 63 continues in Counts
//! Counts    = for each field that continues, in order, gap before count: the rest of it
//! Sums      = µs
//! ```
//!
//! A gap is the number of empty buckets after the one before it in the cell; for the first, after the lowest
//! bucket of the part. Numbers are varints.

use std::ops::Range;

use super::columns::Columns;
use super::error::PartError;
use super::fields::{class_of, put_last_at, take_last_at};
use super::frame::{self, CellReader, Column, Frame, HOT_SEGMENT_CELLS, Segment, SegmentOut};
use super::primitives::bytes::{Reader, put, unzigzag, zigzag};
use super::sink::Sink;
use crate::model::bucket::{Bucket, SCALE_MAX};
use crate::model::cell::SlotValue;
use crate::model::histogram::Histogram;
use crate::model::outcome::OutcomeCounts;
use crate::model::sum::{self, Buckets};
use crate::model::time::Slot;

/// The most buckets a cell can have, rounded up; also the widest gap between two of them.
const BUCKETS_MAX: u64 = 4_096;

/// The class number of a cell with several classes, or none.
const SEVERAL: u8 = 15;
/// The gap of a token that continues.
const GAP_MORE: u64 = 63;
/// The count of a token that continues.
const COUNT_MORE: u64 = 3;

/// The lowest bucket index of the cells.
fn lowest_index(run: &[(Slot, SlotValue)]) -> i32 {
    let first = |(_, value): &(Slot, SlotValue)| match value {
        SlotValue::Activity(cell) => cell.durations.buckets().first().map(|bucket| bucket.index),
        SlotValue::Gauge(_) => None,
    };
    run.iter().filter_map(first).min().unwrap_or(0)
}

/// Appends the body of a part of activity.
pub(super) fn put_body(cells: &[(Slot, SlotValue)], out: &mut Vec<u8>) {
    let (lowest, period_ms) = (lowest_index(cells), frame::period_ms(cells));
    let segments: Vec<_> =
        cells.chunks(HOT_SEGMENT_CELLS).map(|cells| encode(cells, lowest, period_ms)).collect();
    let mut model = Vec::new();
    put(&mut model, zigzag(lowest.into()));
    frame::write(cells, period_ms, &model, &segments, out);
}

/// The lowest bucket index of a part, from its model.
fn read_model(model: &[u8]) -> Result<i32, PartError> {
    let lowest = i32::try_from(unzigzag(Reader::new(model).varint()?));
    lowest.ok().filter(|lowest| lowest.unsigned_abs() <= 4_096).ok_or(PartError::Columns)
}

/// Encodes one segment.
fn encode(cells: &[(Slot, SlotValue)], lowest: i32, period_ms: i64) -> SegmentOut {
    let mut out = SegmentOut::default();
    for (slot, value) in cells {
        if let SlotValue::Activity(cell) = value {
            put_outcomes(&cell.outcomes, out.column(Column::Outcomes));
            let start_ms = frame::start_ms(*slot, period_ms);
            put_last_at(cell.last_at, start_ms, out.column(Column::LastAt));
            put_durations(&cell.durations, lowest, &mut out);
            put(out.column(Column::Sums), cell.durations.sum_us());
        }
    }
    out
}

fn put_outcomes(outcomes: &OutcomeCounts, out: &mut Vec<u8>) {
    let mut classes = outcomes.iter();
    if let (Some((class, count)), None) = (classes.next(), classes.next()) {
        let class = class as u8;
        if count < 15 {
            out.push((count as u8) << 4 | class);
        } else {
            out.push(15 << 4 | class);
            put(out, count);
        }
        return;
    }
    out.push((outcomes.iter().count() as u8) << 4 | SEVERAL);
    for (class, count) in outcomes.iter() {
        out.push(class as u8);
        put(out, count);
    }
}

fn put_durations(durations: &Histogram, lowest: i32, segment: &mut SegmentOut) {
    let buckets = durations.buckets();
    let is_plain = durations.scale() == SCALE_MAX && durations.zero_count() == 0;
    let out = segment.column(Column::Durations);
    put(out, (buckets.len() as u64) << 1 | u64::from(!is_plain));
    if !is_plain {
        out.push(durations.scale() as u8);
        put(out, durations.zero_count());
    }
    let mut next = lowest;
    for bucket in buckets {
        let (gap, more) = ((bucket.index - next) as u64, bucket.count - 1);
        let token = (more.min(COUNT_MORE) << 6 | gap.min(GAP_MORE)) as u8;
        segment.column(Column::Durations).push(token);
        for (number, most) in [(gap, GAP_MORE), (more, COUNT_MORE)] {
            if number >= most {
                put(segment.column(Column::Counts), number - most);
            }
        }
        next = bucket.index + 1;
    }
}

/// Gives the selected columns of some cells of a part to a sink.
///
/// # Errors
/// When columns are damaged.
pub(super) fn decode(
    frame: &Frame<'_>,
    cells: &Range<usize>,
    columns: Columns,
    sink: &mut impl Sink,
) -> Result<(), PartError> {
    let lowest = read_model(frame.model)?;
    frame.segments(cells, |selected, segment| {
        SegmentReader::new(&segment, lowest, columns).read_selected(frame, selected, sink)
    })
}

/// The columns of a segment while they are read.
struct SegmentReader<'a> {
    outcomes: Reader<'a>,
    last_ats: Reader<'a>,
    durations: Reader<'a>,
    /// The rest of token fields that continue.
    beyond: Reader<'a>,
    sums: Reader<'a>,
    lowest: i32,
    columns: Columns,
}

impl<'a> SegmentReader<'a> {
    const fn new(segment: &Segment<'a>, lowest: i32, columns: Columns) -> Self {
        Self {
            outcomes: segment.column(Column::Outcomes),
            last_ats: segment.column(Column::LastAt),
            durations: segment.column(Column::Durations),
            beyond: segment.column(Column::Counts),
            sums: segment.column(Column::Sums),
            lowest,
            columns,
        }
    }

    #[inline]
    fn take_durations(&mut self, sum_us: u64, sink: &mut impl Sink) -> Result<(), PartError> {
        let head = self.durations.varint()?;
        let (mut scale, mut zero_count) = (SCALE_MAX, 0);
        if head & 1 == 1 {
            scale = self.durations.byte()? as i8;
            zero_count = self.durations.varint()?;
        }
        let number = head >> 1;
        if number > BUCKETS_MAX {
            return Err(PartError::Columns);
        }
        let mut is_damaged = false;
        let buckets = Tokens {
            tokens: self.durations.take(number as usize)?,
            beyond: &mut self.beyond,
            next: self.lowest,
            is_damaged: &mut is_damaged,
        };
        let taken = sink.durations(scale, zero_count, sum_us, buckets);
        taken.filter(|()| !is_damaged).ok_or(PartError::Columns)
    }
}

impl CellReader for SegmentReader<'_> {
    #[inline]
    fn read(
        &mut self,
        frame: &Frame<'_>,
        number: usize,
        sink: &mut impl Sink,
    ) -> Result<(), PartError> {
        let slot = frame.slot(number);
        sink.begin(slot);
        if self.columns.outcomes {
            take_outcomes(&mut self.outcomes, sink)?;
        }
        if self.columns.last_at {
            sink.last_at(take_last_at(&mut self.last_ats, frame.start_ms(slot))?);
        }
        let sum_us = if self.columns.sums { self.sums.varint()? } else { 0 };
        if self.columns.durations {
            self.take_durations(sum_us, sink)?;
        } else if self.columns.sums {
            sink.durations(SCALE_MAX, 0, sum_us, std::iter::empty()).ok_or(PartError::Columns)?;
        }
        sink.end();
        Ok(())
    }
}

/// The distance of a token's bucket to the one before it, for tokens that do not continue. For the others it
/// is a distance that leads outside of any sum's counts.
const STEPS: [u16; 256] = {
    let (mut steps, mut token) = ([u16::MAX; 256], 0_u8);
    while token >> 6 < COUNT_MORE as u8 {
        let gap = token & 63;
        if (gap as u64) < GAP_MORE {
            // In bounds: there is a step for every byte.
            steps[token as usize] = gap as u16 + 1;
        }
        token += 1;
    }
    steps
};

/// The buckets of a cell's tokens.
struct Tokens<'t, 'b, 'd> {
    tokens: &'t [u8],
    beyond: &'b mut Reader<'t>,
    /// The lowest index that the next bucket can have.
    next: i32,
    is_damaged: &'d mut bool,
}

impl Tokens<'_, '_, '_> {
    /// The next bucket.
    #[inline]
    fn take(&mut self) -> Option<Bucket> {
        let (&token, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        let (mut gap, mut more) = (u64::from(token & 63), u64::from(token >> 6));
        if gap == GAP_MORE || more == COUNT_MORE {
            match take_beyond(gap, more, self.beyond) {
                Some(whole) => (gap, more) = whole,
                None => *self.is_damaged = true,
            }
        }
        // No overflow: 4,096 gaps of up to 4,096 from a small number.
        let index = self.next + gap as i32;
        self.next = index + 1;
        Some(Bucket { index, count: more + 1 })
    }

    /// Adds buckets, up to one that lies outside of the counts or whose token continues.
    #[inline]
    fn add_plain(&mut self, counts: &mut [u64], offset: i32) {
        // The position of the bucket before; it wraps when it lies before the counts.
        let mut at = self.next.wrapping_sub(offset).wrapping_sub(1) as usize;
        let mut added = 0;
        for token in self.tokens {
            // In bounds: there is a step for every byte.
            let place = at.wrapping_add(STEPS[usize::from(*token)].into());
            let Some(count) = counts.get_mut(place) else { break };
            *count = count.wrapping_add(u64::from(token >> 6) + 1);
            at = place;
            added += 1;
        }
        self.tokens = self.tokens.get(added..).unwrap_or_default();
        self.next = offset.wrapping_add(at as i32).wrapping_add(1);
    }
}

impl Buckets for Tokens<'_, '_, '_> {
    /// Large queries spend most of their time here. It is not inlined, so that the state of its loop stays in
    /// registers.
    #[inline(never)]
    fn add_to(&mut self, counts: &mut [u64], offset: i32) -> Option<Bucket> {
        loop {
            self.add_plain(counts, offset);
            let bucket = self.take()?;
            if !sum::add_inside(counts, offset, bucket) {
                return Some(bucket);
            }
        }
    }
}

impl<'t, 'b, 'd> IntoIterator for Tokens<'t, 'b, 'd> {
    type Item = Bucket;
    type IntoIter = OneByOne<'t, 'b, 'd>;

    fn into_iter(self) -> Self::IntoIter {
        OneByOne(self)
    }
}

/// The buckets of tokens one by one, for a sink that does not add them up.
struct OneByOne<'t, 'b, 'd>(Tokens<'t, 'b, 'd>);

impl Iterator for OneByOne<'_, '_, '_> {
    type Item = Bucket;

    #[inline]
    fn next(&mut self) -> Option<Bucket> {
        self.0.take()
    }
}

#[inline]
fn take_outcomes(reader: &mut Reader<'_>, sink: &mut impl Sink) -> Result<(), PartError> {
    let head = reader.byte()?;
    let (number, class) = (head >> 4, head & 15);
    if class == SEVERAL {
        for _ in 0..number {
            let class = class_of(reader.byte()?)?;
            sink.outcome(class, reader.varint()?);
        }
        return Ok(());
    }
    let count = if number == 15 { reader.varint()? } else { number.into() };
    sink.outcome(class_of(class)?, count);
    Ok(())
}

/// Gap and count - 1 of a token that continues.
#[cold]
fn take_beyond(mut gap: u64, mut more: u64, beyond: &mut Reader<'_>) -> Option<(u64, u64)> {
    if gap == GAP_MORE {
        gap = gap.checked_add(beyond.varint().ok()?).filter(|gap| *gap <= BUCKETS_MAX)?;
    }
    if more == COUNT_MORE {
        more = more.checked_add(beyond.varint().ok()?).filter(|more| *more < u64::MAX)?;
    }
    Some((gap, more))
}
