//! Reading cells and exemplars.

pub(crate) mod block_reader;
pub(crate) mod exemplars;
pub(crate) mod scan;
