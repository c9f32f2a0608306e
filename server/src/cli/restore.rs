//! `plimsoll restore`: creates a data directory from a backup.

use std::io::{self, Write as _};
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};

use super::CommandError;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Directory of the backup
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// Data directory to create; must be missing or empty
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    // Draws on stderr, and nothing if that is not a terminal.
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes}  {eta} left")
    {
        bar.set_style(style);
    }
    let restored = plimsoll_storage::restore(&args.from, &args.data_dir, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let restored = restored?;
    let size = indicatif::BinaryBytes(restored.bytes);
    writeln!(
        io::stdout(),
        "restored {} files, {size}, to {}",
        restored.files,
        args.data_dir.display()
    )?;
    Ok(())
}
