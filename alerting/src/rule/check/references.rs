//! References between entries of the file by name: to entries that exist, and in no circle.

use std::collections::{BTreeMap, BTreeSet};

use serde_saphyr::Spanned;

use crate::rule::check::context::Entry;
use crate::rule::error::{Checked, RuleProblem};
use crate::text::nearest::nearest;

/// The names of all entries of a section.
pub(super) struct Names<'a> {
    /// What an entry is: `rule`, `receiver`, `partner`.
    pub(super) kind: &'static str,
    /// The section that defines them.
    pub(super) section: &'static str,
    pub(super) names: BTreeSet<&'a str>,
}

impl Names<'_> {
    /// Checks a reference to an entry.
    pub(super) fn check(
        &self,
        entry: &Entry,
        field: &'static str,
        name: &Spanned<String>,
    ) -> Checked<()> {
        if self.names.contains(name.value.as_str()) {
            return Ok(());
        }
        let remedy = match nearest(&name.value, self.names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("define it under `{}`", self.section),
        };
        let (kind, name_of) = (self.kind, name.value.clone());
        let problem = RuleProblem::Unknown { kind, name: name_of, remedy };
        Err(entry.error_at(name.referenced, field, problem))
    }
}

/// Checks that no entry depends on itself, through others or alone. `dependencies` are in the order of the
/// file: each entry with its name and the names it depends on, all of which exist.
pub(super) fn check_circles(dependencies: &[(&Entry, &str, &[String])]) -> Checked<()> {
    let by_name = dependencies.iter().map(|(_, name, on)| (*name, *on)).collect();
    let Some(circle) = circle(by_name) else { return Ok(()) };
    let first = dependencies.iter().position(|(_, name, _)| circle.contains(name));
    let Some((entry, name, _)) = first.and_then(|first| dependencies.get(first)) else {
        return Ok(());
    };
    let start = circle.iter().position(|it| it == name).unwrap_or(0);
    let (before, from) = circle.split_at(start);
    let names: Vec<&str> = [from, before, &[*name]].concat();
    Err(entry.error("depends_on", RuleProblem::Circle(names.join(" -> "))))
}

/// The names of a circle, each of which depends on the next and the last on the first; `None` without one.
fn circle<'a>(mut open: BTreeMap<&'a str, &'a [String]>) -> Option<Vec<&'a str>> {
    // What depends on nothing that is left is in no circle.
    loop {
        let is_left = |name: &String| open.contains_key(name.as_str());
        let done = open.iter().filter(|(_, on)| !on.iter().any(is_left)).map(|(name, _)| *name);
        let done: Vec<&str> = done.collect();
        if done.is_empty() {
            break;
        }
        open.retain(|name, _| !done.contains(name));
    }
    let mut walked = vec![*open.keys().next()?];
    loop {
        let on = open.get(walked.last()?)?;
        let next = on.iter().map(String::as_str).find(|name| open.contains_key(name))?;
        if let Some(begin) = walked.iter().position(|name| *name == next) {
            return walked.get(begin..).map(<[_]>::to_vec);
        }
        walked.push(next);
    }
}

#[cfg(test)]
mod tests;
