//! Gauges in columns; the same in every encoding.
//!
//! ```text
//! LastAt    = as of activity
//! Durations = flags, last, [min], [max], [sum], [count]
//! flags     = 1: min differs from last | 2: max does | 4: sum does | 8: count is not 1
//! ```
//!
//! A float is stored as the exclusive or of its bits with those of the float before it in the
//! segment (of the other fields: with `last`), bits reversed, as a varint: floats with few
//! significant bits and floats that stay the same are short.

use super::PartError;
use super::bytes::{Reader, put};
use super::frame::{Asked, Column, Frame, Segment, SegmentOut};
use super::packed::{put_last_at, take_last_at};
use super::sink::Sink;
use crate::model::cell::SlotValue;
use crate::model::gauge::GaugeCell;
use crate::model::time::{Slot, TimestampMs};

const MIN: u8 = 1;
const MAX: u8 = 2;
const SUM: u8 = 4;
const COUNT: u8 = 8;

/// Encodes one segment of gauges.
pub(super) fn encode(cells: &[(Slot, SlotValue)], period_ms: i64) -> SegmentOut {
    let mut out = SegmentOut::default();
    let mut before = 0;
    for (slot, value) in cells {
        if let SlotValue::Gauge(gauge) = value {
            put_last_at(Some(gauge.last_at), *slot, period_ms, out.column(Column::LastAt));
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

/// Gives the gauges of a segment that are asked for to a sink.
pub(super) fn decode(
    frame: &Frame<'_>,
    segment: &Segment<'_>,
    cells: &Asked,
    sink: &mut impl Sink,
) -> Result<(), PartError> {
    let mut last_ats = segment.column(Column::LastAt);
    let mut values = segment.column(Column::Durations);
    let mut before = 0;
    for number in cells.before.start..cells.asked.end {
        let slot = frame.slot(number);
        let last_at = take_last_at(&mut last_ats, frame.start_ms(slot))?;
        let gauge = take_values(&mut values, before, last_at.ok_or(PartError::Columns)?)?;
        before = gauge.last.to_bits();
        if number >= cells.asked.start {
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
