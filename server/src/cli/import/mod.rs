//! `plimsoll import`: access logs into a server or directly into a data directory.
//!
//! In both cases lines become the body of a push and go through its checks. They are pushed in pieces whose
//! idempotency keys are made of their content and position, so importing the same file again within a day
//! counts nothing twice: see [`sequence`].

mod body;
mod sequence;
mod target;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::CommandError;
use crate::config::{Flags, RetentionSettings};
use crate::import::{
    ImportSummary, Input, LabelSource, LabelSources, LatencyField, ListedPartners, PathPartners,
    Progress, Reading, Routes, detect_layout, import_lines, survey,
};

use sequence::Sequence;
use target::{NotCounted, Target};

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Access log of nginx, Apache, Traefik, HAProxy, Envoy, AWS load balancers, or JSON a line
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
    /// Names in paths that are partners [default: plain names with a 2xx or 5xx in the log]
    #[arg(long, value_name = "NAME,NAME")]
    partners: Option<ListedPartners>,
    /// Field that is the latency: its name, or its position after the byte count (-1 is the last), and s, ms,
    /// us or ns [default: what the first lines show]
    #[arg(long, value_name = "NAME:UNIT", allow_hyphen_values = true)]
    latency: Option<LatencyField>,
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
    let source = Source::open(&args.file)?;
    let layout = detect_layout(source.input()?, args.latency.as_ref())?;
    writeln!(io::stdout(), "layout: {layout}")?;
    let partners = match &args.partners {
        Some(listed) => PathPartners::Listed(listed.clone()),
        None if routes.has_partners_of_paths() => survey(source.input()?, &layout, &routes)?,
        None => PathPartners::Answered(BTreeSet::new()),
    };
    let reading = Reading { layout: &layout, routes: &routes, partners: &partners };
    let mut target = Target::open(args)?;
    let (summary, not_counted) = import(args, &source, &reading, &mut target)?;
    target.finish()?;
    let summary = summary.without_rejected(not_counted.rejected);
    writeln!(io::stdout(), "{summary}{not_counted}")?;
    if let Some(cut) = summary.cut {
        return Err(format!("{cut}; what could be read is imported").into());
    }
    if summary.imported == 0 && summary.lines > 0 {
        return Err(format!("none of {} lines was imported", summary.lines).into());
    }
    if summary.lines == 0 {
        return Err("the log has no lines, so nothing was imported".into());
    }
    Ok(())
}

/// Imports the lines of each partner on their own.
fn import(
    args: &Args,
    source: &Source,
    reading: &Reading<'_>,
    target: &mut Target,
) -> Result<(ImportSummary, NotCounted), CommandError> {
    let input = source.input()?;
    let progress = Progress::new(input.size_bytes());
    let mut not_counted = NotCounted::default();
    let mut sequences: BTreeMap<String, Sequence> = BTreeMap::new();
    let summary = import_lines(input, reading, &progress, |line, text| {
        let new = || Sequence::new(&args.stream);
        let sequence = sequences.entry(line.partner.clone()).or_insert_with(new);
        sequence.add(line, text);
        if sequence.is_full() {
            not_counted.add(sequence.flush(target)?);
        }
        Ok::<(), CommandError>(())
    })?;
    for sequence in sequences.values_mut() {
        not_counted.add(sequence.flush(target)?);
    }
    Ok((summary, not_counted))
}

/// The log. It is read more than once, so the standard input is first copied to a temporary file.
enum Source {
    File(PathBuf),
    Copy(NamedTempFile),
}

impl Source {
    fn open(path: &Path) -> Result<Self, CommandError> {
        if path != Path::new("-") {
            return Ok(Self::File(path.to_owned()));
        }
        let mut copy = NamedTempFile::new()?;
        io::copy(&mut io::stdin().lock(), &mut copy)?;
        Ok(Self::Copy(copy))
    }

    fn input(&self) -> Result<Input, CommandError> {
        match self {
            Self::File(path) => Input::open(path)
                .map_err(|error| format!("cannot open {}: {error}", path.display()).into()),
            Self::Copy(copy) => Ok(Input::from_reader(File::open(copy.path())?, None)?),
        }
    }
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
