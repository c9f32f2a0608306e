//! Reading a line of a recording from any bytes never panics.
#![no_main]

libfuzzer_sys::fuzz_target!(|line: &[u8]| plimsoll::fuzzing::recording(line));
