//! The data model: labels, streams, time slots, cells, and how cells merge. No input or output.
//!
//! In order, each module imports only modules before it: `time`, `labels`, `stream`, `outcome`, `bucket`,
//! `quantile`, `histogram`, `gauge`, `cell`, `spread`, `sum`, `exemplar`, `resolution`.

pub(crate) mod bucket;
pub(crate) mod cell;
pub(crate) mod exemplar;
pub(crate) mod gauge;
pub(crate) mod histogram;
pub(crate) mod labels;
pub(crate) mod outcome;
pub(crate) mod quantile;
pub(crate) mod resolution;
pub(crate) mod spread;
pub(crate) mod stream;
pub(crate) mod sum;
pub(crate) mod time;
