//! `plimsoll check`: reads a rules file as the server would.

use std::path::PathBuf;

use plimsoll_alerting::RuleSet;

use super::Failure;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The rules file
    #[arg(value_name = "RULES.yaml")]
    file: PathBuf,
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
        println!(
            "  {}: {}, owner {}, tells {}",
            rule.name,
            rule.signal.symptom(),
            rule.owner,
            rule.notify.join(", ")
        );
    }
    Ok(())
}
