//! The server itself: health, backups, backtests, streams.

pub(crate) mod backtests;
pub(crate) mod backups;
pub(crate) mod cardinality;
pub(crate) mod health;
pub(crate) mod keys;
