//! Where in the file a check is, so that its mistakes can say so.

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_storage::{Label, Outcome};
use serde_saphyr::{Location, Spanned};

use crate::limits::NAME_BYTES_MAX;
use crate::rule::error::{Checked, Problem, RuleError};
use crate::rule::raw::OneOrMany;

/// An entry of the file that is being checked.
pub(super) struct Entry {
    /// Such as ``rule `partner-5xx` ``.
    title: String,
    place: Location,
}

impl Entry {
    pub(super) fn new(kind: &str, name: &str, place: Location) -> Self {
        Self { title: format!("{kind} `{name}`"), place }
    }

    /// A mistake in a field, at the place of the entry.
    pub(super) fn error(&self, field: &'static str, problem: Problem) -> Box<RuleError> {
        self.error_at(self.place, field, problem)
    }

    /// A mistake in a field, at a place of its own.
    pub(super) fn error_at(
        &self,
        place: Location,
        field: &'static str,
        problem: Problem,
    ) -> Box<RuleError> {
        Box::new(RuleError {
            file: None,
            line: place.line(),
            column: place.column(),
            entry: self.title.clone(),
            field: Some(field),
            problem,
        })
    }

    /// The text of a field that must be there.
    pub(super) fn needed(
        &self,
        field: &'static str,
        text: Option<String>,
        remedy: &'static str,
    ) -> Checked<String> {
        text.filter(|text| !text.trim().is_empty())
            .ok_or_else(|| self.error(field, Problem::Missing(remedy)))
    }

    /// Reads a field in its own notation.
    pub(super) fn parsed<T>(
        &self,
        field: &'static str,
        text: &Spanned<String>,
        parse: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Checked<T> {
        parse(&text.value).map_err(|problem| self.error_at(text.referenced, field, problem))
    }

    /// Reads `match`: every label known, every list with a value.
    pub(super) fn matches(
        &self,
        raw: BTreeMap<String, Spanned<OneOrMany>>,
    ) -> Checked<BTreeMap<Label, BTreeSet<String>>> {
        let mut matches = BTreeMap::new();
        for (name, values) in raw {
            let refuse = |problem| self.error_at(values.referenced, "match", problem);
            let label = label(&name).map_err(refuse)?;
            let values: BTreeSet<String> = values.value.0.into_iter().collect();
            if values.is_empty() {
                return Err(self.error("match", Problem::EmptyList("value")));
            }
            matches.insert(label, values);
        }
        Ok(matches)
    }
}

/// A mistake of the file as a whole.
pub(super) fn file_error(section: &str, problem: Problem) -> Box<RuleError> {
    Box::new(RuleError {
        file: None,
        line: 0,
        column: 0,
        entry: format!("`{section}`"),
        field: None,
        problem,
    })
}

/// Checks a name: its characters, and that it is the first of its kind.
pub(super) fn claim_name(
    kind: &str,
    name: &Spanned<String>,
    taken: &mut BTreeSet<String>,
) -> Checked<Entry> {
    let entry = Entry::new(kind, &name.value, name.referenced);
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if name.value.is_empty() || name.value.len() > NAME_BYTES_MAX || !name.value.chars().all(plain)
    {
        return Err(entry.error("name", Problem::Name(name.value.clone())));
    }
    if !taken.insert(name.value.clone()) {
        return Err(entry.error("name", Problem::Duplicate(name.value.clone())));
    }
    Ok(entry)
}

pub(super) fn label(name: &str) -> Result<Label, Problem> {
    Label::parse(name)
        .ok_or_else(|| Problem::Label(name.to_owned(), Label::ALL.map(Label::as_str).join(", ")))
}

pub(super) fn outcome(name: &str) -> Result<Outcome, Problem> {
    Outcome::parse(name).ok_or_else(|| {
        Problem::Outcome(name.to_owned(), Outcome::ALL.map(Outcome::as_str).join(", "))
    })
}

/// A parser message without its trailing place, which the error names itself.
pub(super) fn without_place(message: &str) -> String {
    message.split(" at line ").next().unwrap_or(message).to_owned()
}
