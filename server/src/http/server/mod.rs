//! The server itself: health, backups, backtests.

pub(crate) mod backtests;
pub(crate) mod backups;
pub(crate) mod health;
