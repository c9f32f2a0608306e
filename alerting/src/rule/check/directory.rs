//! Checks of partners, maintenance and holidays, and the runbooks beside the rules file.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

use plimsoll_storage::{SelectorError, TimestampMs, normal_label, stream_name};
use serde_saphyr::Spanned;

use crate::rule::check::context::Entry;
use crate::rule::check::references::{Names, check_circles};
use crate::rule::check::settings;
use crate::rule::error::{Checked, RuleProblem};
use crate::rule::parse::{RawHoliday, RawMaintenance, RawPartner};
use crate::rule::text_file::read_text_file;
use crate::rule::types::{self, Holiday, Maintenance, Partner, Period, Rule};
use crate::text::runbook;
use crate::text::time::parse_time;

/// Longest runbook beside a rules file that is read, in bytes.
const RUNBOOK_FILE_BYTES_MAX: u64 = 256 << 10;

/// All partners of a file.
pub(super) fn partners(raw: Vec<Spanned<RawPartner>>) -> Checked<Vec<Partner>> {
    let raw: Vec<RawPartner> = raw.into_iter().map(|raw| raw.value).collect();
    let names = raw.iter().map(|raw| raw.name.value.trim()).collect();
    let known = Names { kind: "partner", section: "partners", names };
    let mut taken = BTreeSet::new();
    let mut partners = Vec::new();
    let mut entries = Vec::new();
    for raw in &raw {
        let name = raw.name.value.trim();
        let entry = Entry::new("partner", name, raw.name.referenced);
        if !taken.insert(name) {
            return Err(entry.error("name", RuleProblem::Duplicate(name.to_owned())));
        }
        partners.push(partner(&entry, raw, &known)?);
        entries.push(entry);
    }
    let dependencies = entries.iter().zip(&partners);
    let dependencies = dependencies.map(|(entry, it)| (entry, &*it.name, &*it.depends_on));
    check_circles(&dependencies.collect::<Vec<_>>())?;
    Ok(partners)
}

fn partner(entry: &Entry, raw: &RawPartner, known: &Names<'_>) -> Checked<Partner> {
    let names = |field, names: &Option<Vec<Spanned<String>>>| {
        let names = names.iter().flatten().map(|name| entry.parsed(field, name, label_value));
        names.collect::<Checked<Vec<String>>>()
    };
    let streams = raw.expects.iter().flatten().map(|name| entry.parsed("expects", name, stream));
    for name in raw.depends_on.iter().flatten() {
        known.check(entry, "depends_on", name)?;
    }
    let time_zone = raw.time_zone.as_ref();
    let time_zone = time_zone
        .map(|name| entry.parsed("time_zone", name, types::time_zone).map(|_| name.value.clone()));
    let country = raw.country.as_ref().map(|code| entry.parsed("country", code, country));
    Ok(Partner {
        name: entry.parsed("name", &raw.name, partner_name)?,
        kind: raw.kind.clone(),
        country: country.transpose()?,
        time_zone: time_zone.transpose()?,
        contacts: raw.contacts.clone().unwrap_or_default(),
        sla_class: raw.sla_class.clone(),
        expects: streams.collect::<Checked<Vec<String>>>()?,
        depends_on: names("depends_on", &raw.depends_on)?,
        paused: raw.paused.unwrap_or(false),
    })
}

/// A name that is compared with stream names, in the form in which they are stored.
fn stream(text: &str) -> Result<String, RuleProblem> {
    stream_name(text).map(Cow::into_owned).map_err(|error| match error {
        SelectorError::StreamName(error) => RuleProblem::LabelValue(text.to_owned(), error),
        other => RuleProblem::Shape(other.to_string()),
    })
}

/// The name of a partner. Rules select partners by selectors; an entry describes one partner.
fn partner_name(text: &str) -> Result<String, RuleProblem> {
    if text.trim_start().starts_with(['!', '~', '=']) {
        return Err(RuleProblem::PartnerSelector(text.to_owned()));
    }
    label_value(text)
}

/// A name that is compared with label values, in the form in which they are stored.
fn label_value(text: &str) -> Result<String, RuleProblem> {
    let normal = normal_label(text).map(Cow::into_owned);
    normal.map_err(|error| RuleProblem::LabelValue(text.to_owned(), error))
}

/// The code of a country, in capitals.
fn country(code: &str) -> Result<String, RuleProblem> {
    types::country(code).ok_or_else(|| {
        let hint = if code.trim().eq_ignore_ascii_case("uk") { "; the code is GB" } else { "" };
        RuleProblem::Country(code.to_owned(), hint)
    })
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

/// All maintenance of a file, with its rules.
pub(super) fn maintenance(
    raw: Vec<Spanned<RawMaintenance>>,
    rules: &[Rule],
) -> Checked<Vec<Maintenance>> {
    let raw = raw.into_iter().enumerate();
    raw.map(|(position, raw)| one_maintenance(position + 1, raw, rules)).collect()
}

fn one_maintenance(
    number: usize,
    raw: Spanned<RawMaintenance>,
    rules: &[Rule],
) -> Checked<Maintenance> {
    let entry = Entry::numbered("maintenance", number, raw.referenced);
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
    let unaffected = |rule: &Rule| rule.unaffected_by_maintenance(&matches);
    let unaffected: Option<Vec<_>> = rules.iter().map(unaffected).collect();
    if let Some(reason) = unaffected.and_then(|reasons| reasons.first().copied()) {
        return Err(entry.error("match", RuleProblem::ReachesNoRule(reason)));
    }
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
        let entry = Entry::new("holiday", &raw.value.country.value, raw.referenced);
        let country = entry.parsed("country", &raw.value.country, country)?;
        let date = entry.parsed("date", &raw.value.date, day)?;
        Ok(Holiday { country, date })
    });
    checked.collect()
}
