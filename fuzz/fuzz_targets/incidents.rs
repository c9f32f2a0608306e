//! Reading a list of incidents from any bytes never panics.
#![no_main]

libfuzzer_sys::fuzz_target!(|json: &[u8]| plimsoll_alerting::fuzzing::incidents(json));
