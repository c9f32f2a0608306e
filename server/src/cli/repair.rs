//! `plimsoll repair`: sets damaged files of a data directory aside.

use std::io::{self, Write as _};
use std::path::PathBuf;

use plimsoll_storage::RepairedFile;

use super::{CommandError, counted};

/// Partners that are named of each file.
const PARTNERS_SHOWN: usize = 10;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Data directory that no server uses
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    let files = plimsoll_storage::repair(&args.data_dir)?;
    let mut out = io::stdout();
    for file in &files {
        writeln!(out, "{}", describe(file))?;
    }
    match files.len() {
        0 => writeln!(out, "no file is damaged")?,
        count => writeln!(
            out,
            "repaired {}; what was damaged is in {}, and everything else is as it was",
            counted(count, "file"),
            args.data_dir.join("damaged").display()
        )?,
    }
    Ok(())
}

/// What is lost with a file, in words.
fn describe(file: &RepairedFile) -> String {
    let RepairedFile { name, family, lost, days, partners } = file;
    let Some(lost) = lost else { return format!("{name} of {family}: nothing is lost") };
    let mut text = format!("{name} of {family}: {} are lost", lost.trim_end_matches(','));
    if let Some(days) = days {
        let date = |day: &u32| {
            let at = jiff::Timestamp::from_second(i64::from(*day) * 86_400);
            at.map_or_else(|_| format!("day {day}"), |at| at.strftime("%Y-%m-%d").to_string())
        };
        text += &format!(" from {} to {}", date(days.start()), date(days.end()));
    }
    if !partners.is_empty() {
        let shown = partners.iter().take(PARTNERS_SHOWN).cloned().collect::<Vec<_>>().join(", ");
        text += &format!(", of {} at most: {shown}", counted(partners.len(), "partner"));
        if partners.len() > PARTNERS_SHOWN {
            text += " and others";
        }
    }
    text
}
