//! Reading the body of a PagerDuty webhook from any bytes never panics.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| plimsoll_alerting::fuzzing::webhook(body));
