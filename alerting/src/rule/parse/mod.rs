//! The rules file as written: every field with its place in the file, nothing checked yet.

mod directory;
mod grouping;
mod locate;
mod message;
mod receivers;
mod rules;
mod values;

use std::borrow::Cow;

use serde::Deserialize;
use serde_saphyr::{Location, NonFiniteFloatPolicy, Spanned};

use self::message::Line;
pub(super) use directory::{RawHoliday, RawMaintenance, RawPartner};
pub(super) use grouping::{RawPages, RawWait};
pub(super) use receivers::{RawNext, RawRate, RawTexts};
pub(super) use rules::{
    RawDrop, RawGauge, RawMode, RawNoData, RawRatio, RawRule, RawScan, RawSeverity, RawSignal,
    RawUsual,
};
pub(super) use values::{OneOrMany, RawSchedule, SECRET_SOURCE, SECRET_SOURCES, SECRET_UNQUOTED};

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
            Box::new(mistake(text, &error, (place.line(), place.column())))
        })?;
    Ok(file.unwrap_or_default())
}

/// What is wrong with the shape of another YAML file, in its terms.
#[must_use]
pub fn yaml_problem(text: &str, error: &serde_saphyr::Error) -> String {
    let place = error.location().unwrap_or(Location::UNKNOWN);
    mistake(text, error, (place.line(), place.column())).problem.to_string()
}

/// A mistake in the shape of the file, with the entry and field that it lies in.
fn mistake(text: &str, error: &serde_saphyr::Error, (line, column): (u64, u64)) -> RuleError {
    let at = locate::locate(text, line, column);
    let number = usize::try_from(line).unwrap_or(usize::MAX);
    let source = text.lines().nth(number.saturating_sub(1)).unwrap_or_default();
    let problem = RuleProblem::Shape(message::message(error, &at, Line { text: source, column }));
    // A value that should be a list or mapping and is not ends where the next key stands.
    let before = at.before.filter(|_| matches!(error, serde_saphyr::Error::Unexpected { .. }));
    let field = Some(at.field).filter(|field| !field.is_empty()).or(before).map(Cow::Owned);
    RuleError { file: None, line, column, entry: at.entry, field, problem }
}
