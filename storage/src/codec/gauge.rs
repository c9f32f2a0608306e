//! The encoding of gauges. It is the same for hot and cold parts.
//!
//! ```text
//! LastAt    = as for activity
//! Durations = flags, last, [min], [max], [sum], [count]
//! flags     = 1: min differs from last | 2: max does | 4: sum does | 8: count is not 1
//! ```
//!
//! A float is stored as the exclusive or of its bits with those of the float before it in the segment (the
//! other fields: with `last`), bits reversed, as a varint. Floats with few significant bits and floats that
//! do not change are short.

use std::ops::Range;

use super::error::PartError;
use super::fields::{put_last_at, take_last_at};
use super::frame::{self, Column, Frame, HOT_SEGMENT_CELLS, Segment, SegmentOut, Selected};
use super::primitives::bytes::{Reader, put};
use super::sink::Sink;
use crate::model::cell::SlotValue;
use crate::model::gauge::GaugeCell;
use crate::model::time::{Slot, TimestampMs};

const MIN: u8 = 1;
const MAX: u8 = 2;
const SUM: u8 = 4;
const COUNT: u8 = 8;

/// Gauges have no model: one byte that is not read.
const MODEL: &[u8] = &[0];

/// Appends the body of a part of gauges.
pub(super) fn put_body(cells: &[(Slot, SlotValue)], out: &mut Vec<u8>) {
    let period_ms = frame::period_ms(cells);
    let segments: Vec<_> =
        cells.chunks(HOT_SEGMENT_CELLS).map(|cells| encode(cells, period_ms)).collect();
    frame::write(cells, period_ms, MODEL, &segments, out);
}

/// Encodes one segment.
fn encode(cells: &[(Slot, SlotValue)], period_ms: i64) -> SegmentOut {
    let mut out = SegmentOut::default();
    let mut before = 0;
    for (slot, value) in cells {
        if let SlotValue::Gauge(gauge) = value {
            let start_ms = frame::start_ms(*slot, period_ms);
            put_last_at(Some(gauge.last_at), start_ms, out.column(Column::LastAt));
            put_values(gauge, before, out.column(Column::Durations));
            before = gauge.last.to_bits();
        }
    }
    out
}

fn put_values(gauge: &GaugeCell, before: u64, out: &mut Vec<u8>) {
    let last = gauge.last.to_bits();
    let others = [(MIN, gauge.min), (MAX, gauge.max), (SUM, gauge.sum)];
    let differing = || others.iter().filter(|(_, value)| value.to_bits() != last);
    let flags = differing().fold(0, |flags, (flag, _)| flags | flag);
    out.push(if gauge.count == 1 { flags } else { flags | COUNT });
    put(out, (last ^ before).reverse_bits());
    for (_, value) in differing() {
        put(out, (value.to_bits() ^ last).reverse_bits());
    }
    if gauge.count != 1 {
        put(out, gauge.count);
    }
}

/// Gives some gauges of a part to a sink.
///
/// # Errors
/// When columns are damaged.
pub(super) fn decode(
    frame: &Frame<'_>,
    cells: &Range<usize>,
    sink: &mut impl Sink,
) -> Result<(), PartError> {
    frame.segments(cells, |selected, segment| decode_segment(frame, &segment, selected, sink))
}

fn decode_segment(
    frame: &Frame<'_>,
    segment: &Segment<'_>,
    selected: &Selected,
    sink: &mut impl Sink,
) -> Result<(), PartError> {
    let mut last_ats = segment.column(Column::LastAt);
    let mut values = segment.column(Column::Durations);
    let mut before = 0;
    for number in selected.skipped.start..selected.cells.end {
        let slot = frame.slot(number);
        let last_at = take_last_at(&mut last_ats, frame.start_ms(slot))?;
        let gauge = take_values(&mut values, before, last_at.ok_or(PartError::Columns)?)?;
        before = gauge.last.to_bits();
        if number >= selected.cells.start {
            sink.whole(slot, &SlotValue::Gauge(gauge));
        }
    }
    Ok(())
}

fn take_values(
    reader: &mut Reader<'_>,
    before: u64,
    last_at: TimestampMs,
) -> Result<GaugeCell, PartError> {
    let flags = reader.byte()?;
    let last = before ^ reader.varint()?.reverse_bits();
    let mut other = |flag| -> Result<f64, PartError> {
        let differing = if flags & flag == 0 { 0 } else { reader.varint()?.reverse_bits() };
        Ok(f64::from_bits(last ^ differing))
    };
    let (min, max, sum) = (other(MIN)?, other(MAX)?, other(SUM)?);
    let count = if flags & COUNT == 0 { 1 } else { reader.varint()? };
    Ok(GaugeCell { last: f64::from_bits(last), last_at, min, max, sum, count })
}
