//! The answers of queries as JSON.

pub(crate) mod baseline;
pub(crate) mod cardinality;
pub(crate) mod exemplar;
pub(crate) mod gauge;
pub(crate) mod label;
pub(crate) mod latency;
pub(crate) mod outcomes;
pub(crate) mod partner;
pub(crate) mod series;
