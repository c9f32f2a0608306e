//! What a backtest found, as JSON, as a table or as an HTML page.

mod alerts;
mod compare;
pub(crate) mod html;
mod score;
mod signals;

pub(crate) use alerts::{AlertLine, Row, table, write_json, write_transitions};
pub(crate) use compare::{ComparisonLine, RulesComparison, compare};
pub(crate) use score::{ScoreBody, score};
