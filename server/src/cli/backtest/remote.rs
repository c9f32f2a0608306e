//! A backtest on a running server, over the data that it has stored.

use std::io::Write;

use serde_json::json;

use super::{Args, Format};
use crate::backtest::report;
use crate::cli::client::Client;
use crate::cli::{CommandError, job};
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
    eprintln!(
        "{} cells replayed on {url}{by_minute}: {} alerts",
        result.cells,
        result.alerts.len()
    );
    if result.alerts_left_out > 0 {
        eprintln!("{} further alerts were left out; choose a shorter time", result.alerts_left_out);
    }
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    match args.format {
        Format::Table => {
            let rows = result.alerts.iter().map(|alert| serde_json::from_str(alert.get()));
            out.write_all(report::table(&rows.collect::<Result<Vec<_>, _>>()?)?.as_bytes())?;
        }
        // The page has the score as well.
        Format::Html => {
            out.write_all(result.page.unwrap_or_default().as_bytes())?;
            return Ok(out.flush()?);
        }
        _ => result.alerts.iter().try_for_each(|alert| writeln!(out, "{}", alert.get()))?,
    }
    if let Some(score) = result.score {
        writeln!(out, "{{\"score\":{}}}", score.get())?;
    }
    Ok(out.flush()?)
}

/// The body of the request.
fn request(args: &Args) -> Result<serde_json::Value, CommandError> {
    let rules = std::fs::read_to_string(&args.rules)
        .map_err(|error| format!("{}: {error}", args.rules.display()))?;
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
        "page": args.format == Format::Html,
    }))
}
