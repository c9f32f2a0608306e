//! Cells in memory: what is not sealed yet, and the newest of what is.

pub(crate) mod cache;
pub(crate) mod head;
pub(crate) mod partner_sums;
