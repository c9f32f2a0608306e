//! `plimsoll check`: reads a rules file like the server, and warns of rules that are valid but will not work
//! well.

use std::path::{Path, PathBuf};

use plimsoll_alerting::report::crossed_by_normal_hours;
use plimsoll_alerting::{Rule, RuleSet, runbook, units};
use plimsoll_storage::{Resolution, Store};

use super::CommandError;
use super::backup::open_existing;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The rules file
    #[arg(value_name = "RULES.yaml")]
    file: PathBuf,
    /// Data directory that no server uses: also warn of rules that match nothing in it, and of thresholds
    /// that normal hours of the last week cross
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    let rules = RuleSet::load(&args.file, &|name| std::env::var(name).ok())?;
    println!(
        "{} is valid: {} rules, {} receivers, {} partners, {} maintenance windows",
        args.file.display(),
        rules.rules.len(),
        rules.receivers.len(),
        rules.partners.len(),
        rules.maintenance.len()
    );
    for rule in &rules.rules {
        let receivers =
            if rule.notify.is_empty() { "nobody".to_owned() } else { rule.notify.join(", ") };
        let (name, symptom, owner) = (&rule.name, rule.signal.symptom(), &rule.owner);
        println!("  {name}: {symptom}, owner {owner}, notifies {receivers}");
    }
    let beside = args.file.parent().unwrap_or(Path::new("."));
    let mut warnings = without_runbook(&rules, beside);
    warnings.extend(unused_receivers(&rules));
    if let Some(data_dir) = &args.data_dir {
        let store = open_existing(data_dir)?;
        warnings.extend(matching_nothing(&rules, &store));
        warnings.extend(noisy_thresholds(&rules, &store)?);
    }
    for warning in warnings {
        println!("warning: {warning}");
    }
    Ok(())
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

/// Receivers that no rule notifies.
fn unused_receivers(rules: &RuleSet) -> Vec<String> {
    let is_notified = |name: &String| rules.rules.iter().any(|rule| rule.notify.contains(name));
    let unused = rules.receivers.iter().filter(|receiver| !is_notified(&receiver.name));
    unused.map(|receiver| format!("receiver {}: no rule notifies it", receiver.name)).collect()
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
