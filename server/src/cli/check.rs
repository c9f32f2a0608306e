//! `plimsoll check`: reads a rules file as the server would, and warns of what is allowed but will
//! disappoint.

use std::path::{Path, PathBuf};

use plimsoll_alerting::{
    Rule, RuleSet, ordinary::crossed_by_ordinary_hours, runbook::runbook, words,
};
use plimsoll_storage::{Resolution, Store};

use super::{Failure, backup::open_existing};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The rules file
    #[arg(value_name = "RULES.yaml")]
    file: PathBuf,
    /// Data directory that no server has open: also warn of rules that match nothing in it, and of
    /// thresholds that ordinary hours of the last week cross
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let rules = RuleSet::load(&args.file, &|name| std::env::var(name).ok())?;
    println!(
        "{} is fine: {} rules, {} receivers, {} partners, {} maintenance windows",
        args.file.display(),
        rules.rules.len(),
        rules.receivers.len(),
        rules.partners.len(),
        rules.maintenance.len()
    );
    for rule in &rules.rules {
        let told =
            if rule.notify.is_empty() { "nobody".to_owned() } else { rule.notify.join(", ") };
        println!("  {}: {}, owner {}, tells {told}", rule.name, rule.signal.symptom(), rule.owner,);
    }
    let beside = args.file.parent().unwrap_or(Path::new("."));
    let mut warnings = without_runbook(&rules, beside);
    warnings.extend(unused_receivers(&rules));
    if let Some(data_dir) = &args.data_dir {
        let store = open_existing(data_dir)?;
        warnings.extend(matching_nothing(&rules, &store));
        warnings.extend(in_the_noise(&rules, &store)?);
    }
    for warning in warnings {
        println!("warning: {warning}");
    }
    Ok(())
}

/// Rules whose runbook nobody will find at night.
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

/// Receivers that are never told anything.
fn unused_receivers(rules: &RuleSet) -> Vec<String> {
    let is_told = |name: &String| rules.rules.iter().any(|rule| rule.notify.contains(name));
    let unused = rules.receivers.iter().filter(|receiver| !is_told(&receiver.name));
    unused
        .map(|receiver| format!("receiver {}: no rule tells it anything", receiver.name))
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

/// Rules whose lowest threshold ordinary hours cross.
fn in_the_noise(rules: &RuleSet, store: &Store) -> Result<Vec<String>, Failure> {
    let Some(kept) = store.kept_slots(Resolution::Slot)? else { return Ok(Vec::new()) };
    let until = store.slot_width().start(kept.end);
    let mut warnings = Vec::new();
    for rule in &rules.rules {
        let Some(found) = crossed_by_ordinary_hours(store, rule, until)? else { continue };
        let quiet = words::value(rule.signal.kind(), found.quiet);
        warnings.push(format!(
            "rule {}: its threshold lies in the noise: {} crossed it in {} of the last {} hours; 98% of them stay within {quiet}",
            rule.name,
            found.labels.title(),
            found.crossed,
            found.hours
        ));
    }
    Ok(warnings)
}

#[cfg(test)]
mod tests {
    use plimsoll_storage::{
        Cell, Label, Options, Outcome, Slot, StreamKind, StreamRef, TimestampMs,
    };

    use super::*;

    fn rules(runbook: &str, partner: &str) -> RuleSet {
        let text = format!(
            r#"
receivers:
  - name: hub
    webhook: {{ url: "https://hub.example", secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" }}
  - name: spare
    webhook: {{ url: "https://hub.example", secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" }}
rules:
  - name: r
    owner: o
    runbook: "{runbook}"
    signal: {{ ratio: {{ of: [5xx], stream: requests }} }}
    match: {{ partner: {partner} }}
    critical: "> 5%"
    notify: [hub]
"#
        );
        RuleSet::parse(&text, &|_| None, Path::new(".")).expect("a rules file")
    }

    #[test]
    fn a_runbook_is_a_page_a_file_or_a_url() {
        let beside = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(beside.path().join("mine.md"), "# Mine").expect("written");
        for good in ["partner-5xx", "mine.md", "https://wiki.example/r"] {
            assert!(without_runbook(&rules(good, "dhl"), beside.path()).is_empty(), "{good}");
        }
        let [warning] = &without_runbook(&rules("yours.md", "dhl"), beside.path())[..] else {
            panic!("one warning");
        };
        assert!(warning.contains("rule r") && warning.contains("yours.md"), "{warning}");
    }

    #[test]
    fn receivers_that_are_never_told_are_named() {
        let [warning] = &unused_receivers(&rules("partner-5xx", "dhl"))[..] else {
            panic!("one warning");
        };
        assert!(warning.contains("spare"), "{warning}");
    }

    /// A store with cells of the requests of dhl.
    fn store_of(path: &Path, cells: impl Iterator<Item = (u32, Cell)>) -> Store {
        let store = Store::open(&Options::new(path)).expect("the store opens");
        let mut labels = [""; Label::COUNT];
        labels[Label::Partner as usize] = "dhl";
        let stream = StreamRef { kind: StreamKind::Activity, name: "requests", labels };
        let mut batch = store.batch();
        for (slot, cell) in cells {
            *batch.activity(stream, Slot(slot)).expect("room for the stream") = cell;
        }
        store.append_blocking(batch.finish(), 1, None, TimestampMs(0)).expect("appended");
        store
    }

    #[test]
    fn rules_that_match_nothing_are_named() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let store = store_of(directory.path(), [(5, Cell::default())].into_iter());
        assert!(matching_nothing(&rules("partner-5xx", "dhl"), &store).is_empty());
        assert_eq!(matching_nothing(&rules("partner-5xx", "ups"), &store).len(), 1);
    }

    #[test]
    fn a_threshold_that_every_hour_crosses_is_named() {
        let hour = |hour: u32| {
            let bad = if hour.is_multiple_of(2) { 20 } else { 1 };
            let at = TimestampMs(i64::from(hour) * 3_600_000 + 51_000);
            let mut cell = Cell::default();
            (0..bad).for_each(|_| cell.record(Outcome::Status5xx, None, at));
            (bad..100).for_each(|_| cell.record(Outcome::Status2xx, None, at));
            (360 * hour + 5, cell)
        };
        let directory = tempfile::tempdir().expect("a temporary directory");
        let store = store_of(directory.path(), (0..48).map(hour));
        let [warning] = &in_the_noise(&rules("partner-5xx", "dhl"), &store).expect("read")[..]
        else {
            panic!("one warning");
        };
        assert!(
            warning
                .contains("dhl crossed it in 24 of the last 48 hours; 98% of them stay within 20%"),
            "{warning}"
        );
    }
}
