//! Reading the parameters of a query from any text never panics.
#![no_main]

libfuzzer_sys::fuzz_target!(|query: &str| plimsoll::fuzzing::parameters(query));
