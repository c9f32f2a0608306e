//! Reading a rules file from any text never panics.
#![no_main]

use std::path::Path;

use plimsoll_alerting::RuleSet;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let no_secrets = |_: &str| Some("secret".to_owned());
    // An error is fine, a panic is not. No file is read, because the directory does not exist.
    let _ = RuleSet::parse(text, &no_secrets, Path::new("/nonexistent"));
});
