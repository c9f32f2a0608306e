//! Encoding for new parts: bytes that decode at the speed of memory. Most fields of most cells take
//! one byte, and RocksDB's zstd takes the rest of the redundancy.
//!
//! ```text
//! model     = zigzag of the lowest bucket index of the part
//! Outcomes  = n << 4 | class                 n < 15 items, all of one class
//!           | 15 << 4 | class, n             any number of one class
//!           | k << 4 | 15, k x (class, n)    k classes; k = 0: a heartbeat
//! LastAt    = 0 for none, else 1 + zigzag(distance to the start of the slot); 64 bits, wrapping
//! Durations = buckets << 1, token x buckets                  at scale 5 without zeros
//!           | buckets << 1 | 1, scale, zeros, token x buckets
//! token     = (count - 1) << 6 | gap         count < 4, gap < 63; 3 and 63 mean that there is more
//! Counts    = what goes beyond the tokens, in their order: of a gap, then of a count
//! Sums      = µs
//! ```
//!
//! A gap is the number of buckets left out since the one before it in the cell, or since the lowest
//! of the part. Numbers are varints.

use super::bytes::{Reader, put, unzigzag, zigzag};
use super::frame::{Asked, Column, Frame, Segment, SegmentOut};
use super::sink::{Nowhere, Sink};
use super::{PartError, Wanted};
use crate::model::cell::SlotValue;
use crate::model::histogram::{Bucket, Histogram, SCALE_MAX};
use crate::model::outcome::{Outcome, OutcomeCounts};
use crate::model::sum::{self, Buckets};
use crate::model::time::{Slot, TimestampMs};

/// Cells of a segment. Decoding one to reach its last cell costs about a microsecond.
pub(super) const SEGMENT_CELLS: usize = 32;

/// Buckets a cell can have, rounded up, and the widest gap between two of them.
const BUCKETS_MAX: u64 = 4_096;

/// Class number that says that a cell has several classes, or none.
const SEVERAL: u8 = 15;
/// Fields of a token that say that there is more.
const GAP_MORE: u64 = 63;
const COUNT_MORE: u64 = 3;

/// The lowest bucket index of the cells.
pub(super) fn lowest_index(run: &[(Slot, SlotValue)]) -> i32 {
    let first = |(_, value): &(Slot, SlotValue)| match value {
        SlotValue::Activity(cell) => cell.durations.buckets().first().map(|bucket| bucket.index),
        SlotValue::Gauge(_) => None,
    };
    run.iter().filter_map(first).min().unwrap_or(0)
}

/// The model of a part.
pub(super) fn encode_model(run: &[(Slot, SlotValue)]) -> Vec<u8> {
    let mut model = Vec::new();
    put(&mut model, zigzag(lowest_index(run).into()));
    model
}

/// The lowest bucket index of a part, from its model.
pub(super) fn read_model(model: &[u8]) -> Result<i32, PartError> {
    let lowest = i32::try_from(unzigzag(Reader::new(model).varint()?));
    lowest.ok().filter(|lowest| lowest.unsigned_abs() <= 4_096).ok_or(PartError::Columns)
}

/// Encodes one segment of activity.
pub(super) fn encode(cells: &[(Slot, SlotValue)], lowest: i32, period_ms: i64) -> SegmentOut {
    let mut out = SegmentOut::default();
    for (slot, value) in cells {
        if let SlotValue::Activity(cell) = value {
            put_outcomes(&cell.outcomes, out.column(Column::Outcomes));
            put_last_at(cell.last_at, *slot, period_ms, out.column(Column::LastAt));
            put_durations(&cell.durations, lowest, &mut out);
            put(out.column(Column::Sums), cell.durations.sum_us());
        }
    }
    out
}

fn put_outcomes(outcomes: &OutcomeCounts, out: &mut Vec<u8>) {
    let mut held = outcomes.iter();
    if let (Some((class, count)), None) = (held.next(), held.next()) {
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

/// Appends the newest event time of a cell; `None` is 0.
pub(super) fn put_last_at(at: Option<TimestampMs>, slot: Slot, period_ms: i64, out: &mut Vec<u8>) {
    let start = i64::from(slot.0).wrapping_mul(period_ms);
    match at {
        // The one distance that does not fit is stored as the farthest but one: times are bounded
        // long before.
        Some(at) => put(out, zigzag(at.0.wrapping_sub(start)).saturating_add(1)),
        None => put(out, 0),
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

/// Gives the columns `wanted` of a segment's cells that are asked for to a sink.
pub(super) fn decode(
    frame: &Frame<'_>,
    lowest: i32,
    segment: &Segment<'_>,
    cells: Asked,
    wanted: Wanted,
    sink: &mut impl Sink,
) -> Result<(), PartError> {
    let mut columns = Columns::new(segment, lowest, wanted);
    for number in cells.before {
        columns.read(frame, number, &mut Nowhere)?;
    }
    for number in cells.asked {
        columns.read(frame, number, sink)?;
    }
    Ok(())
}

/// The columns of a segment while they are read.
struct Columns<'a> {
    outcomes: Reader<'a>,
    last_ats: Reader<'a>,
    durations: Reader<'a>,
    beyond: Reader<'a>,
    sums: Reader<'a>,
    lowest: i32,
    wanted: Wanted,
}

impl<'a> Columns<'a> {
    const fn new(segment: &Segment<'a>, lowest: i32, wanted: Wanted) -> Self {
        Self {
            outcomes: segment.column(Column::Outcomes),
            last_ats: segment.column(Column::LastAt),
            durations: segment.column(Column::Durations),
            beyond: segment.column(Column::Counts),
            sums: segment.column(Column::Sums),
            lowest,
            wanted,
        }
    }

    /// Reads the next cell.
    #[inline]
    fn read(
        &mut self,
        frame: &Frame<'_>,
        number: usize,
        sink: &mut impl Sink,
    ) -> Result<(), PartError> {
        let slot = frame.slot(number);
        sink.begin(slot);
        if self.wanted.outcomes {
            take_outcomes(&mut self.outcomes, sink)?;
        }
        if self.wanted.last_at {
            sink.last_at(take_last_at(&mut self.last_ats, frame.start_ms(slot))?);
        }
        let sum_us = if self.wanted.sums { self.sums.varint()? } else { 0 };
        if self.wanted.durations {
            self.take_durations(sum_us, sink)?;
        } else if self.wanted.sums {
            sink.durations(SCALE_MAX, 0, sum_us, std::iter::empty()).ok_or(PartError::Columns)?;
        }
        sink.end();
        Ok(())
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

/// How far a token goes from the bucket before it, when it holds gap and count whole. Others go farther
/// than sums have counts, whatever place they go from.
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

/// The buckets that tokens tell.
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

    /// Adds buckets up to one that lies outside of the counts or whose token does not hold all of it.
    #[inline]
    fn add_plain(&mut self, counts: &mut [u64], offset: i32) {
        // The place of the bucket before; it may lie before the counts, and then it wraps.
        let mut at = self.next.wrapping_sub(offset).wrapping_sub(1) as usize;
        let mut added = 0;
        for token in self.tokens {
            // In bounds: there is a step for every byte.
            let place = at.wrapping_add(STEPS[usize::from(*token)].into());
            let Some(held) = counts.get_mut(place) else { break };
            *held = held.wrapping_add(u64::from(token >> 6) + 1);
            at = place;
            added += 1;
        }
        self.tokens = self.tokens.get(added..).unwrap_or_default();
        self.next = offset.wrapping_add(at as i32).wrapping_add(1);
    }
}

impl Buckets for Tokens<'_, '_, '_> {
    /// This is where large questions spend their time. Apart from its callers, so that all it counts on
    /// from bucket to bucket stays in registers.
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

/// The buckets of tokens for who does not add them up.
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

pub(super) fn class_of(number: u8) -> Result<Outcome, PartError> {
    Outcome::ALL.get(usize::from(number)).copied().ok_or(PartError::Columns)
}

#[inline]
pub(super) fn take_last_at(
    reader: &mut Reader<'_>,
    start_ms: i64,
) -> Result<Option<TimestampMs>, PartError> {
    let stored = reader.varint()?;
    let distance = stored.checked_sub(1).map(unzigzag);
    Ok(distance.map(|distance| TimestampMs(start_ms.wrapping_add(distance))))
}

/// Gap and count - 1 of a token that does not hold them both.
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
