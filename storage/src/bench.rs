//! Access for benchmarks to the codec, which is private otherwise. Only built with the feature `bench`.

use std::ops::Range;

use crate::codec::{self, Columns, Panes};
use crate::model::cell::SlotValue;
use crate::model::sum::CellSum;
use crate::model::time::Slot;

/// Encodes a run of cells, ascending by slot, as sealing does.
#[must_use]
pub fn encode_hot(run: &[(Slot, SlotValue)]) -> Vec<u8> {
    codec::encode_hot(run)
}

/// Encodes a run of cells, ascending by slot, as compaction does.
#[must_use]
pub fn encode_cold(run: &[(Slot, SlotValue)]) -> Vec<u8> {
    codec::encode_cold(run)
}

/// Calls `visit` with each cell of a block; false when the block is damaged.
pub fn for_each_cell(block: &[u8], visit: &mut dyn FnMut(Slot, &SlotValue)) -> bool {
    codec::decode(block, visit).is_ok()
}

/// Adds the selected columns of the cells in `slots` to a sum; false when the block is damaged.
pub fn add_to_sum(block: &[u8], slots: &Range<Slot>, columns: Columns, sum: &mut CellSum) -> bool {
    let borders = [slots.start, slots.end];
    let mut panes = Panes::new(&borders, std::slice::from_mut(sum));
    codec::decode_range(block, slots, columns, &mut panes).is_ok()
}
