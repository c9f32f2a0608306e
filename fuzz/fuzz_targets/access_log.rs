//! Reading a line of an access log from any bytes never panics.
#![no_main]

libfuzzer_sys::fuzz_target!(|line: &[u8]| plimsoll::fuzzing::access_log(line));
