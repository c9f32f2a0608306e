//! The rules file as written: every field with its place in the file, nothing checked yet.

mod directory;
mod grouping;
mod receivers;
mod rules;
mod values;

use serde::Deserialize;
use serde_saphyr::{Location, NonFiniteFloatPolicy, Spanned};

pub(super) use directory::{RawHoliday, RawMaintenance, RawPartner};
pub(super) use grouping::{RawPages, RawWait};
pub(super) use receivers::{RawNext, RawRate, RawTexts};
pub(super) use rules::{
    RawDrop, RawGauge, RawMode, RawNoData, RawRatio, RawRule, RawScan, RawSeverity, RawSignal,
    RawUsual,
};
pub(super) use values::{OneOrMany, RawSchedule};

use crate::rule::error::{Checked, RuleError, RuleProblem};
use crate::rule::targets::RawReceiver;

/// A rules file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFile {
    pub(super) receivers: Option<Vec<Spanned<RawReceiver>>>,
    pub(super) rules: Option<Vec<Spanned<RawRule>>>,
    pub(super) partners: Option<Vec<Spanned<RawPartner>>>,
    pub(super) maintenance: Option<Vec<Spanned<RawMaintenance>>>,
    pub(super) holidays: Option<Vec<Spanned<RawHoliday>>>,
    pub(super) pages: Option<Spanned<RawPages>>,
}

/// Takes a rules file apart.
pub(super) fn read(text: &str) -> Checked<RawFile> {
    // Neither a snippet of the file nor a number out of range may show a secret in the message.
    let options = serde_saphyr::options! {
        with_snippet: false,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
    };
    let file: Option<RawFile> =
        serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let place = error.location().unwrap_or(Location::UNKNOWN);
            Box::new(RuleError {
                file: None,
                line: place.line(),
                column: place.column(),
                entry: String::new(),
                field: None,
                problem: RuleProblem::Shape(without_place(&error.to_string())),
            })
        })?;
    Ok(file.unwrap_or_default())
}

/// The message of the parser without its place, which the error has as well.
fn without_place(message: &str) -> String {
    message.split(" at line ").next().unwrap_or(message).to_owned()
}
