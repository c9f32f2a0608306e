//! Reading the body of a push from any bytes never panics.
#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| plimsoll::fuzzing::push(body));
