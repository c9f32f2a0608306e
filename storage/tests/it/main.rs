//! The store as a whole, on a real RocksDB in a temporary directory.
#![allow(missing_docs, reason = "tests are named for what they show")]

mod append;
mod damage;
mod feed;
mod model;
mod retention;
mod sums;
mod support;
mod tables;
mod tidy;
