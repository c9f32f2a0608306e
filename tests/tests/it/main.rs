//! End-to-end tests of the real binary, by subject. They are one test binary, so that only one is linked.

mod access;
mod alerts;
mod api;
mod backtest;
mod common;
mod connections;
mod delivery;
mod docs;
mod drills;
mod ingest;
mod query;
mod scene;
mod storage;
