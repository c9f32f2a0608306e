//! A labelled corpus: its files, and what it tells beforehand as a rules file. How alerts are held
//! against it is [`plimsoll_alerting::score`]'s.

mod corpus;
mod rules;

pub use corpus::{Context, Corpus, Failure, read_alerts, read_context, read_corpus};
pub use rules::rules_yaml;
