//! Decoding stored alerts, deliveries and silences from any bytes never panics.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| plimsoll_alerting::fuzzing::records(bytes));
