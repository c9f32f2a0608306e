//! One bit of one file of a data directory is flipped. Then every answer is right, or the damage is named.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use fastrand::Rng;
use plimsoll_storage::{Durability, Store};

use crate::campaign::write;
use crate::disk::{Crash, Image, Recording};
use crate::driver::{Bounds, options};
use crate::oracle::{self, Problem};
use crate::plan::Plan;

/// What a flipped bit led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Every answer is right.
    Right,
    /// The store does not open, or an answer is an error.
    Error,
    /// Something is missing, and the store names the damage.
    Named,
}

/// A flip and what it led to.
#[derive(Debug, Clone)]
pub struct Flip {
    /// The kind of the file: the end of its name, or its name without number.
    pub kind: String,
    /// What it led to, or what is wrong.
    pub outcome: Result<Outcome, String>,
}

/// Flips a bit of the files that a kill leaves, or a stop in every second case, and opens them in `dir`,
/// which must not exist. Each kind of file is chosen as often as any other.
#[must_use]
pub fn check_flip(recording: &Recording, plan: &Plan, number: u64, dir: &Path) -> Flip {
    let mut random = Rng::with_seed(plan.seed.rotate_left(32) ^ number);
    let first = recording.len() / 2;
    let count = match number % 2 {
        0 => recording.len(),
        _ => random.usize(first..=recording.len()),
    };
    let mut image = recording.crash(count, Crash::Kill, &mut random);
    let bounds = Bounds::after(recording.marks(count), true);
    let (path, at, bit) = flip(&mut image, &mut random);
    let kind = kind_of(&path).to_owned();
    let outcome = match write(&image, dir) {
        Ok(()) => outcome(dir, plan, bounds),
        Err(why) => Err(why),
    };
    let place = format!("bit {bit} at {at} of {path}, {number} of seed {}", plan.seed);
    Flip { kind, outcome: outcome.map_err(|why| format!("{place}, after {count} changes: {why}")) }
}

/// Flips a bit of one file. Returns its path, the byte and the bit.
fn flip(image: &mut Image, random: &mut Rng) -> (String, usize, u8) {
    let mut kinds: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
    for (path, bytes) in &*image {
        if !bytes.is_empty() && is_read(path) {
            kinds.entry(kind_of(path)).or_default().push(path);
        }
    }
    let kinds: Vec<_> = kinds.into_values().collect();
    let files = &kinds[random.usize(..kinds.len())];
    let path = files[random.usize(..files.len())].clone();
    let bytes = image.get_mut(&path).expect("the path is from the image");
    let (at, bit) = (random.usize(..bytes.len()), random.u8(..8));
    bytes[at] ^= 1 << bit;
    (path, at, bit)
}

/// Whether a start reads a file: not the log of messages, nor what is kept aside.
fn is_read(path: &str) -> bool {
    !path.starts_with("LOG") && !path.contains('/')
}

fn kind_of(path: &str) -> &str {
    match path.rsplit_once('.') {
        Some((_, end)) => end,
        None => path.split('-').next().unwrap_or(path),
    }
}

fn outcome(dir: &Path, plan: &Plan, bounds: Bounds) -> Result<Outcome, String> {
    let store = match Store::open(&options(dir, Durability::Fsync)) {
        Ok(store) => store,
        Err(error) if error.to_string().len() > 10 => return Ok(Outcome::Error),
        Err(error) => return Err(format!("the error says nothing: {error}")),
    };
    match oracle::check_store(&store, plan, bounds) {
        Ok(_) => Ok(Outcome::Right),
        Err(Problem::Reported(_)) => Ok(Outcome::Error),
        Err(Problem::Wrong(_)) if names_damage(&store) => Ok(Outcome::Named),
        Err(Problem::Wrong(why)) => Err(format!("nothing is named, and {why}")),
    }
}

fn names_damage(store: &Store) -> bool {
    let is_found = store.has_damage() || !store.damaged_files().is_empty();
    is_found
        || !store.losses().is_empty()
        || store.inspect().is_ok_and(|found| found.damaged_count > 0 || !found.losses.is_empty())
}

/// Checks `count` flips in directories below `work`. Returns how many led to what, by kind of file.
///
/// # Errors
/// Everything that is wrong.
pub fn check_flips(
    recording: &Recording,
    plan: &Plan,
    count: u64,
    work: &Path,
) -> Result<BTreeMap<(String, &'static str), u64>, String> {
    let dir = work.join("flipped");
    let (mut outcomes, mut wrong) = (BTreeMap::new(), Vec::new());
    for number in 0..count {
        let flip = check_flip(recording, plan, number, &dir);
        fs::remove_dir_all(&dir).map_err(|error| error.to_string())?;
        match flip.outcome {
            Ok(outcome) => *outcomes.entry((flip.kind, outcome.name())).or_default() += 1,
            Err(why) => wrong.push(why),
        }
    }
    if wrong.is_empty() { Ok(outcomes) } else { Err(wrong.join("\n")) }
}

impl Outcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Error => "error",
            Self::Named => "named",
        }
    }
}
