//! The store as a whole, on a real RocksDB in a temporary directory.
#![allow(missing_docs, reason = "the names of tests say what they test")]

mod append;
mod compact;
mod damage;
mod feed;
mod flips;
mod model;
mod repair;
mod retention;
mod steps;
mod streams;
mod sums;
mod support;
mod tables;
