//! The entry that is being checked, so that a mistake has its place.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use plimsoll_storage::{Label, LabelMatchers, Outcome};
use serde_saphyr::{Location, Spanned};

use crate::rule::error::{Checked, RuleError, RuleProblem};
use crate::rule::parse::OneOrMany;
use crate::rule::types::{Secret, SecretSource};

/// Longest name of a rule or receiver, in bytes.
const NAME_BYTES_MAX: usize = 100;

/// An entry of the file that is being checked.
pub(in crate::rule) struct Entry {
    /// Such as ``rule `partner-5xx` ``.
    title: String,
    place: Location,
}

impl Entry {
    pub(in crate::rule) fn new(kind: &str, name: &str, place: Location) -> Self {
        let title = if name.is_empty() { format!("`{kind}`") } else { format!("{kind} `{name}`") };
        Self { title, place }
    }

    /// An entry of a kind that has no names, by its number from 1.
    pub(in crate::rule) fn numbered(kind: &str, number: usize, place: Location) -> Self {
        Self { title: format!("{kind} {number}"), place }
    }

    /// A mistake in a field, at the place of the entry.
    pub(in crate::rule) fn error(
        &self,
        field: &'static str,
        problem: RuleProblem,
    ) -> Box<RuleError> {
        self.error_at(self.place, field, problem)
    }

    /// A mistake in a field, at the place of a value.
    pub(in crate::rule) fn error_at(
        &self,
        place: Location,
        field: &'static str,
        problem: RuleProblem,
    ) -> Box<RuleError> {
        Box::new(RuleError {
            file: None,
            line: place.line(),
            column: place.column(),
            entry: self.title.clone(),
            field: Some(field.into()),
            problem,
        })
    }

    /// The text of a required field.
    pub(in crate::rule) fn required(
        &self,
        field: &'static str,
        text: Option<String>,
        remedy: &'static str,
    ) -> Checked<String> {
        text.filter(|text| !text.trim().is_empty())
            .ok_or_else(|| self.error(field, RuleProblem::Missing(remedy)))
    }

    /// Reads a field in its notation.
    pub(in crate::rule) fn parsed<T>(
        &self,
        field: &'static str,
        text: &Spanned<String>,
        parse: impl FnOnce(&str) -> Result<T, RuleProblem>,
    ) -> Checked<T> {
        parse(&text.value).map_err(|problem| self.error_at(text.referenced, field, problem))
    }

    /// Checks `match`: every label must be known, every list must have a value that can select something.
    pub(in crate::rule) fn matches(
        &self,
        raw: BTreeMap<String, Spanned<OneOrMany>>,
    ) -> Checked<LabelMatchers> {
        let mut matches = LabelMatchers::new();
        for (name, values) in raw {
            let error = |problem| self.error_at(values.referenced, "match", problem);
            let label = label(&name).map_err(error)?;
            let values = match &values.value {
                OneOrMany::Values(values) => values,
                OneOrMany::Unquoted(read) => {
                    return Err(error(RuleProblem::Unquoted(label.as_str(), read)));
                }
            };
            if values.is_empty() {
                return Err(error(RuleProblem::EmptyList("value")));
            }
            let read = matches.read(label, values.iter().map(String::as_str));
            read.map_err(|problem| error(RuleProblem::Selector(label.as_str(), problem)))?;
            if !matches.is_possible(label) {
                return Err(error(RuleProblem::SelectsNothing(label.as_str())));
            }
        }
        Ok(matches)
    }
}

/// Where the secrets of receivers are resolved.
pub(in crate::rule) struct Secrets<'a> {
    pub(in crate::rule) env: &'a dyn Fn(&str) -> Option<String>,
    pub(in crate::rule) base_dir: &'a Path,
}

impl Secrets<'_> {
    /// Resolves the secret of a field.
    pub(in crate::rule) fn resolve(
        &self,
        entry: &Entry,
        field: &'static str,
        source: &SecretSource,
    ) -> Checked<Secret> {
        source.resolve(self.env, self.base_dir).map_err(|problem| entry.error(field, problem))
    }
}

/// A mistake in a section of the file.
pub(super) fn file_error(section: &str, problem: RuleProblem) -> Box<RuleError> {
    Box::new(RuleError {
        file: None,
        line: 0,
        column: 0,
        entry: format!("`{section}`"),
        field: None,
        problem,
    })
}

/// Checks the name of an entry: its characters, and that no other entry of its kind has it.
pub(super) fn claim_name(
    kind: &str,
    name: &Spanned<String>,
    taken: &mut BTreeSet<String>,
) -> Checked<Entry> {
    let entry = Entry::new(kind, &name.value, name.referenced);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if name.value.is_empty() || name.value.len() > NAME_BYTES_MAX || !name.value.chars().all(plain)
    {
        return Err(entry.error("name", RuleProblem::Name(name.value.clone())));
    }
    if !taken.insert(name.value.clone()) {
        return Err(entry.error("name", RuleProblem::Duplicate(name.value.clone())));
    }
    Ok(entry)
}

/// The label of that name.
pub(super) fn label(name: &str) -> Result<Label, RuleProblem> {
    Label::parse(name).ok_or_else(|| {
        RuleProblem::Label(name.to_owned(), Label::ALL.map(Label::as_str).join(", "))
    })
}

/// The outcome class of that name.
pub(super) fn outcome(name: &str) -> Result<Outcome, RuleProblem> {
    Outcome::parse(name).ok_or_else(|| {
        RuleProblem::Outcome(name.to_owned(), Outcome::ALL.map(Outcome::as_str).join(", "))
    })
}
