//! Counts, durations and values in little memory: the engine keeps them for every group.

mod coarse;
mod code;
mod packed;
mod ring;

pub(super) use coarse::CoarseHistogram;
pub(super) use code::LogCode;
pub(super) use packed::PackedHistogram;
pub(super) use ring::{NEVER, Ring, saturated};
