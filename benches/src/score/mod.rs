//! A labelled corpus: its files, and its context as a rules file. [`plimsoll_alerting::report::score()`]
//! compares alerts with the incidents.

mod corpus;
mod rules;

pub use corpus::{Context, Corpus, read_alerts, read_context, read_corpus};
pub use rules::rules_yaml;
