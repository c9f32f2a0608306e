//! A backtest on a running server, over the data that it has stored.

use std::io::Write;

use plimsoll_alerting::RuleSet;
use serde::de::DeserializeOwned;
use serde_json::json;
use serde_json::value::RawValue;

use super::{Args, Format, sweep};
use crate::backtest::report::{self, RulesComparison};
use crate::backtest::variants::sweep::table as sweep_table;
use crate::cli::client::Client;
use crate::cli::job::JobResult;
use crate::cli::{CommandError, counted, job};
use crate::wire::time;

/// Runs the backtest on the server at `url` and prints what it found.
pub(super) fn run(args: &Args, url: &str) -> Result<(), CommandError> {
    if args.format == Format::Transitions {
        return Err("a server does not report changes of state; for them evaluate a copy of what it has stored: \
                    `plimsoll backup --url URL --to COPY`, `plimsoll restore --from COPY --data-dir DIR`, \
                    and --data-dir DIR instead of --url"
            .into());
    }
    let client = Client::new(url)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(job::evaluated(&client, &request(args)?))?;
    let by_minute = result.by_minute_until.as_ref().map_or_else(String::new, |until| {
        format!(", by the minute before {until} because slots have expired")
    });
    let found = match (&args.against, &result.sweep) {
        (Some(against), _) => {
            format!("A is {}, B is {}", args.rules.display(), against.display())
        }
        (None, Some(lines)) => counted(lines.len(), "variant"),
        (None, None) => counted(result.alerts.len(), "alert"),
    };
    eprintln!("{} cells replayed on {url}{by_minute}: {found}", result.cells);
    for name in &result.damaged {
        eprintln!("damaged and missing: {name}");
    }
    if result.alerts_left_out > 0 {
        let left_out = counted(result.alerts_left_out, "further alert");
        eprintln!("left out: {left_out}; choose a shorter time");
    }
    for name in &result.unknown_partners {
        eprintln!("nothing is of the partner `{name}`");
    }
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    match args.format {
        // The page has the score as well.
        Format::Html => out.write_all(result.page.unwrap_or_default().as_bytes())?,
        Format::Table => {
            out.write_all(table(&result)?.as_bytes())?;
            write_score(&result, &mut out)?;
        }
        Format::Json | Format::Transitions => {
            let lines = result.comparison.as_ref().or(result.sweep.as_ref());
            let lines = lines.unwrap_or(&result.alerts).iter();
            lines.map(|line| line.get()).try_for_each(|line| writeln!(out, "{line}"))?;
            write_score(&result, &mut out)?;
        }
    }
    Ok(out.flush()?)
}

fn write_score(result: &JobResult, out: &mut dyn Write) -> std::io::Result<()> {
    let Some(score) = &result.score else { return Ok(()) };
    writeln!(out, "{{\"score\":{}}}", score.get())
}

/// The table of what was asked.
fn table(result: &JobResult) -> Result<String, CommandError> {
    Ok(if let Some(lines) = &result.comparison {
        RulesComparison::of_lines(&read(lines)?).table()?
    } else if let Some(lines) = &result.sweep {
        sweep_table(&read(lines)?)?
    } else {
        report::table(&read(&result.alerts)?)?
    })
}

fn read<L: DeserializeOwned>(lines: &[Box<RawValue>]) -> serde_json::Result<Vec<L>> {
    lines.iter().map(|line| serde_json::from_str(line.get())).collect()
}

/// The body of the request.
fn request(args: &Args) -> Result<serde_json::Value, CommandError> {
    let rules = RuleSet::read_file(&args.rules)?;
    let against = args.against.as_deref().map(RuleSet::read_file).transpose()?;
    let sweep = Some(&args.sweep).filter(|it| !it.is_empty());
    let sweep = sweep.map(|it| sweep::read(it)).transpose()?;
    let incidents =
        args.incidents.as_ref().map(|path| -> Result<serde_json::Value, CommandError> {
            let json =
                std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
            Ok(serde_json::from_slice(&json)?)
        });
    Ok(json!({
        "rules": rules,
        "from": args.from.map(time::format),
        "to": args.to.map(time::format),
        "partners": args.partner,
        "incidents": incidents.transpose()?,
        "against": against,
        "sweep": sweep,
        "page": args.format == Format::Html,
    }))
}
