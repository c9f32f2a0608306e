//! What a datum is: labels, streams, slots, cells and their merge rules. No input or output here.

pub(crate) mod cell;
pub(crate) mod exemplar;
pub(crate) mod gauge;
pub(crate) mod histogram;
pub(crate) mod labels;
pub(crate) mod outcome;
pub(crate) mod resolution;
pub(crate) mod stream;
pub(crate) mod sum;
pub(crate) mod time;
