//! `plimsoll import`: access logs into a server or directly into a data directory.
//!
//! In both cases lines become the body of a push and go through its checks. Each chunk has an idempotency key
//! made of its content and position, so importing the same file again within a day counts nothing twice.

mod chunk;
mod target;

use std::path::PathBuf;

use super::CommandError;
use crate::config::{Flags, RetentionSettings};
use crate::import::{Input, LabelSource, LabelSources, Progress, Routes, import_lines};

use chunk::Chunk;
use target::{NotCounted, Target};

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// nginx or Apache combined or common log, with optional rt=, urt= and cid= at the end
    AccessLog,
}

#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("target").required(true).args(["url", "data_dir"])))]
pub(super) struct Args {
    /// Format of the file
    #[arg(long, value_enum)]
    format: Format,
    /// Partner of a line: path:N for the N-th segment of its path, or a name
    #[arg(long, value_name = "path:N|NAME")]
    partner: Option<LabelSource>,
    /// Operation of a line, in the same way
    #[arg(long, value_name = "path:N|NAME")]
    operation: Option<LabelSource>,
    /// Environment of a line, in the same way [default: production]
    #[arg(long, value_name = "path:N|NAME")]
    environment: Option<LabelSource>,
    /// Site of a line, in the same way
    #[arg(long, value_name = "path:N|NAME")]
    site: Option<LabelSource>,
    /// YAML list of {prefix, partner, operation, environment, site}; the longest prefix wins
    #[arg(long, value_name = "FILE")]
    map: Option<PathBuf>,
    /// Stream that counts the requests
    #[arg(long, default_value = "requests", value_name = "NAME")]
    stream: String,
    /// Push to a running server
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Write into a data directory that no server has opened
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Width of a slot when the data directory is new [default: 10s]
    #[arg(long, value_name = "DURATION", requires = "data_dir")]
    slot: Option<String>,
    #[command(flatten)]
    retention: Flags<RetentionSettings>,
    /// The log: plain, gzip or zstd; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    let Format::AccessLog = args.format;
    let routes = routes(args)?;
    let input = Input::open(&args.file)
        .map_err(|error| format!("cannot open {}: {error}", args.file.display()))?;
    let mut target = Target::open(args)?;
    let progress = Progress::new(input.size_bytes());
    let mut not_counted = NotCounted::default();
    let mut number = 0_u64;
    let summary = import_lines(input, &routes, &progress, |chunk| {
        number += 1;
        not_counted.add(target.push(&Chunk::of(&args.stream, chunk, number)?)?);
        Ok::<(), CommandError>(())
    })?;
    target.finish()?;
    println!("{}{not_counted}", summary.without_rejected(not_counted.rejected));
    Ok(())
}

fn routes(args: &Args) -> Result<Routes, CommandError> {
    if args.partner.is_none() && args.map.is_none() {
        return Err("give --partner path:N or --partner NAME, or a mapping with --map FILE".into());
    }
    let routes = Routes::new(LabelSources {
        partner: args.partner.clone(),
        operation: args.operation.clone(),
        environment: args.environment.clone(),
        site: args.site.clone(),
    });
    let Some(path) = &args.map else { return Ok(routes) };
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read the mapping {}: {error}", path.display()))?;
    Ok(routes.with_mapping(&path.display().to_string(), &text)?)
}
