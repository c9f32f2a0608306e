//! End-to-end tests of the real binary, one module for each promise. One binary holds them all, so
//! that there is one to link.

mod backtest;
mod backup;
mod bad_input;
mod common;
mod crash;
mod full_disk;
mod idempotency;
mod import;
mod lifecycle;
mod page;
mod push;
mod quantile;
mod questions;
mod runbooks;
mod schema;
