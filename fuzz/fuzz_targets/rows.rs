//! Decoding rows of sums from any bytes never panics.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| plimsoll_storage::fuzzing::rows(bytes));
