//! Checks of partners, maintenance and holidays, and the runbooks beside the rules file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

use plimsoll_storage::TimestampMs;
use serde_saphyr::Spanned;

use crate::rule::check::context::Entry;
use crate::rule::check::settings;
use crate::rule::error::{Checked, RuleProblem};
use crate::rule::parse::{RawHoliday, RawMaintenance, RawPartner};
use crate::rule::text_file::read_text_file;
use crate::rule::types::{Holiday, Maintenance, Partner, Period, Rule};
use crate::text::runbook;
use crate::text::time::parse_time;

/// Longest runbook beside a rules file that is read, in bytes.
const RUNBOOK_FILE_BYTES_MAX: u64 = 256 << 10;

pub(super) fn partners(raw: Vec<Spanned<RawPartner>>) -> Checked<Vec<Partner>> {
    let mut names = BTreeSet::new();
    let checked = raw.into_iter().map(|Spanned { value, referenced, .. }| {
        if !names.insert(value.name.clone()) {
            let entry = Entry::new("partner", &value.name, referenced);
            return Err(entry.error("name", RuleProblem::Duplicate(value.name)));
        }
        Ok(Partner {
            name: value.name,
            kind: value.kind,
            country: value.country,
            time_zone: value.time_zone,
            contacts: value.contacts.unwrap_or_default(),
            sla_class: value.sla_class,
            expects: value.expects.unwrap_or_default(),
            depends_on: value.depends_on.unwrap_or_default(),
            paused: value.paused.unwrap_or(false),
        })
    });
    checked.collect()
}

/// The texts of runbooks that are Markdown files beside the rules file or below it. A runbook that cannot
/// be read is not a mistake of the rules file, because alerts matter more. Runbooks are served to everyone,
/// so no other file is read.
pub(super) fn runbooks(rules: &[Rule], base_dir: &Path) -> BTreeMap<String, String> {
    let read = |name: &str| {
        let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        let relative = Path::new(name);
        if !name.ends_with(".md") || !relative.components().all(inside) {
            return None;
        }
        read_text_file(&base_dir.join(relative), RUNBOOK_FILE_BYTES_MAX).ok()
    };
    let own = rules.iter().filter(|rule| runbook::runbook(&rule.runbook).is_none());
    own.filter_map(|rule| Some((rule.runbook.clone(), read(&rule.runbook)?))).collect()
}

pub(super) fn maintenance(raw: Vec<Spanned<RawMaintenance>>) -> Checked<Vec<Maintenance>> {
    raw.into_iter().enumerate().map(|(position, raw)| one_maintenance(position + 1, raw)).collect()
}

fn one_maintenance(number: usize, raw: Spanned<RawMaintenance>) -> Checked<Maintenance> {
    let entry = Entry::new("maintenance", &format!("number {number}"), raw.referenced);
    let mut raw = raw.value;
    let matches = entry.matches(raw.matches.take().unwrap_or_default())?;
    if matches.is_empty() {
        return Err(
            entry.error("match", RuleProblem::Missing("the labels of what is under maintenance"))
        );
    }
    let period = period(&entry, &raw)?;
    let author = entry.required("author", raw.author, "who announced it")?;
    let reason = entry.required("reason", raw.reason, "why it takes place")?;
    Ok(Maintenance { matches, period, author, reason })
}

/// The period of a maintenance. A weekly one needs neither start nor end.
fn period(entry: &Entry, raw: &RawMaintenance) -> Checked<Period> {
    let weekly =
        raw.weekly.as_ref().map(|raw| settings::schedule(entry, "weekly", raw)).transpose()?;
    let bound =
        |field, text: Option<&Spanned<String>>, never| match text {
            Some(text) => entry.parsed(field, text, time),
            None if weekly.is_some() => Ok(never),
            None => Err(entry
                .error(field, RuleProblem::Missing("a time, or `weekly` for hours of the week"))),
        };
    let start = bound("start", raw.start.as_ref(), TimestampMs(i64::MIN))?;
    let end = bound("end", raw.end.as_ref(), TimestampMs(i64::MAX))?;
    match &raw.end {
        Some(text) if end <= start => {
            Err(entry.error_at(text.referenced, "end", RuleProblem::EmptyPeriod))
        }
        _ => Ok(Period { start, end, weekly }),
    }
}

fn time(text: &str) -> Result<TimestampMs, RuleProblem> {
    Ok(parse_time(text)?)
}

pub(super) fn holidays(raw: Vec<Spanned<RawHoliday>>) -> Checked<Vec<Holiday>> {
    let day = |text: &str| text.parse().map_err(|_| RuleProblem::Date(text.to_owned()));
    let checked = raw.into_iter().map(|raw| {
        let entry = Entry::new("holiday", &raw.value.country, raw.referenced);
        let date = entry.parsed("date", &raw.value.date, day)?;
        Ok(Holiday { country: raw.value.country, date })
    });
    checked.collect()
}
