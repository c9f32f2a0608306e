//! `plimsoll check`: reads a rules file like the server, and warns of what is valid but does not do what it
//! seems to do.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use plimsoll_alerting::report::crossed_by_normal_hours;
use plimsoll_alerting::rule::RuleMode;
use plimsoll_alerting::{Rule, RuleSet, Severity, runbook, units};
use plimsoll_storage::{Resolution, SlotWidth, Store};

use super::backup::open_existing;
use super::{CommandError, counted};
use crate::config::parse_slot;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The rules file
    #[arg(value_name = "RULES.yaml")]
    file: PathBuf,
    /// Data directory that no server uses: also warn of rules that match nothing in it, and of thresholds
    /// that normal hours of the last week cross
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Width of a slot of the server, of which durations of rules must be whole numbers; that of the data
    /// directory, or 10s
    #[arg(long, value_name = "DURATION", conflicts_with = "data_dir")]
    slot: Option<String>,
}

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    let store = args.data_dir.as_deref().map(open_existing).transpose()?;
    let width = match (&store, &args.slot) {
        (Some(store), _) => store.slot_width(),
        (None, Some(slot)) => parse_slot(slot)?,
        (None, None) => SlotWidth::DEFAULT,
    };
    let rules = RuleSet::load(&args.file, &|name| std::env::var(name).ok(), width)?;
    let beside = args.file.parent().unwrap_or(Path::new("."));
    let mut warnings = without_runbook(&rules, beside);
    warnings.extend(rules.warnings());
    if let Some(store) = &store {
        warnings.extend(matching_nothing(&rules, store));
        warnings.extend(noisy_thresholds(&rules, store)?);
    }
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{} is valid: {}, {}, {}, {}",
        args.file.display(),
        counted(rules.rules.len(), "rule"),
        counted(rules.receivers.len(), "receiver"),
        counted(rules.partners.len(), "partner"),
        counted(rules.maintenance.len(), "maintenance window"),
    )?;
    for rule in &rules.rules {
        let (name, symptom, owner) = (&rule.name, rule.signal.symptom(), &rule.owner);
        let implied = if rule.is_implied { " (implied by `expects`)" } else { "" };
        writeln!(out, "  {name}: {symptom}, owner {owner}, notifies {}{implied}", notified(rule))?;
    }
    for warning in warnings {
        writeln!(out, "warning: {warning}")?;
    }
    Ok(())
}

/// Who is notified of alerts of a rule.
fn notified(rule: &Rule) -> String {
    if !rule.notifies() {
        return match rule.notify_policy.mode {
            _ if rule.notify.is_empty() => "nobody",
            RuleMode::Shadow => "nobody (in shadow mode)",
            RuleMode::Live => "nobody (warnings are only recorded)",
        }
        .to_owned();
    }
    let receivers = rule.notify.join(", ");
    let skips_warnings = rule.warning.is_some() && rule.notify_policy.from == Severity::Critical;
    if skips_warnings { format!("{receivers} when critical") } else { receivers }
}

/// Rules whose runbook does not exist.
fn without_runbook(rules: &RuleSet, beside: &Path) -> Vec<String> {
    let is_found = |name: &str| {
        let is_url = name.starts_with("https://") || name.starts_with("http://");
        is_url || runbook(name).is_some() || beside.join(name).is_file()
    };
    let lost = rules.rules.iter().filter(|rule| !is_found(&rule.runbook));
    lost.map(|rule| {
        format!(
            "rule {}: there is no runbook {:?}; name a shipped page (see /runbooks), a file beside the rules, or a URL",
            rule.name, rule.runbook
        )
    })
    .collect()
}

/// Rules that watch no stream of a store.
fn matching_nothing(rules: &RuleSet, store: &Store) -> Vec<String> {
    let is_idle = |rule: &&Rule| rule.selector().streams(store).is_empty();
    let idle = rules.rules.iter().filter(is_idle);
    idle.map(|rule| {
        format!(
            "rule {}: nothing stored matches it; is the stream {:?} reported under that name and with those labels?",
            rule.name,
            rule.signal.stream()
        )
    })
    .collect()
}

/// Rules whose lowest threshold is crossed in normal hours.
fn noisy_thresholds(rules: &RuleSet, store: &Store) -> Result<Vec<String>, CommandError> {
    let Some(kept) = store.kept_slots(Resolution::Slot)? else { return Ok(Vec::new()) };
    let until = store.slot_width().start(kept.end);
    let mut warnings = Vec::new();
    for rule in &rules.rules {
        let Some(found) = crossed_by_normal_hours(store, rule, until)? else { continue };
        let within = units::value(rule.signal.kind(), found.within);
        warnings.push(format!(
            "rule {}: its threshold is in the noise: {} crossed it in {} of the last {} hours; 98% of them stay within {within}",
            rule.name,
            found.labels.title(),
            found.crossed,
            found.hours
        ));
    }
    Ok(warnings)
}

#[cfg(test)]
mod tests;
