//! Many crashes of one recording, each checked by the [oracle].

use std::fs;
use std::path::Path;

use fastrand::Rng;
use plimsoll_storage::Durability;

use crate::disk::{Crash, Image, Recording};
use crate::driver::Bounds;
use crate::oracle;
use crate::plan::Plan;

/// One crash of a recording. The same values give the same files.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// How it ends.
    pub crash: Crash,
    /// The number of the case, from which its point in time and everything left to chance are drawn.
    pub number: u64,
}

/// Whether everything acknowledged is there after a crash.
#[must_use]
pub fn keeps_acknowledged(durability: Durability, crash: Crash) -> bool {
    match durability {
        Durability::Fsync => true,
        Durability::Wal => crash == Crash::Kill,
        Durability::Memory => false,
    }
}

/// Builds the files that a crash leaves in `dir`, which must not exist, opens and checks them, and sometimes
/// goes on with the store.
///
/// # Errors
/// What is wrong, with what is needed to see it again.
pub fn check_case(
    recording: &Recording,
    plan: &Plan,
    durability: Durability,
    case: Case,
    dir: &Path,
) -> Result<(), String> {
    let mut random = Rng::with_seed(plan.seed.rotate_left(32) ^ case.number);
    let count = random.usize(..=recording.len());
    let image = recording.crash(count, case.crash, &mut random);
    let keeps_acknowledged = keeps_acknowledged(durability, case.crash);
    let bounds = Bounds::after(recording.marks(count), keeps_acknowledged);
    let mut check = || {
        let held = oracle::check(dir, plan, durability, bounds)?;
        if random.u8(..4) == 0 {
            oracle::check_continues(dir, plan, durability, held)?;
        }
        Ok(())
    };
    let checked = write(&image, dir)
        .and_then(|()| check().map_err(|problem: oracle::Problem| problem.to_string()));
    checked.map_err(|why| {
        let Case { crash, number } = case;
        format!(
            "seed {} {durability:?} {crash:?} case {number}, after {count} of {} changes: {why}",
            plan.seed,
            recording.len()
        )
    })
}

/// Writes the files of an image below a directory.
///
/// # Errors
/// The directory cannot be written.
pub fn write(image: &Image, dir: &Path) -> Result<(), String> {
    fs::create_dir_all(dir).map_err(|error| error.to_string())?;
    for (path, bytes) in image {
        let path = dir.join(path);
        let parent = path.parent().unwrap_or(dir);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, bytes))
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}
