//! What a crash leaves of the files of a directory: a model of a disk, fed with a [trace](crate::trace).
//!
//! **kill -9**: everything written until then is there; of a write that was going on, any first part.
//!
//! **Power loss**: what was synced is there. Names (create, rename, link, unlink) come back as of some time
//! in their order, not before the last sync of their directory, as a journalling file system keeps them. The
//! sync of a file does not make its name durable, which is weaker than ext4. Of the writes to a file since
//! its last sync, each file has lost its own: none, all, all from some byte on, or some pages of 4 KiB,
//! which then are as before, or zero where there was nothing. That is weaker than the ordered mode of ext4.

use std::collections::{BTreeMap, HashMap};

use fastrand::Rng;

use crate::trace::Traced;

const PAGE_BYTES: usize = 4096;

/// The number of a file; names come and go.
type FileId = usize;

/// Files by their path below the directory.
pub type Image = BTreeMap<String, Vec<u8>>;

/// One change of the directory.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    begin: usize,
    end: usize,
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    /// A write to a file.
    Write {
        file: FileId,
        at: usize,
        bytes: Vec<u8>,
    },
    Resize {
        file: FileId,
        length: usize,
    },
    SyncFile {
        file: FileId,
    },
    Name(Name),
    SyncDir {
        dir: String,
    },
    /// A line that the driver wrote.
    Mark(String),
}

/// A change of a name.
#[derive(Debug, Clone)]
enum Name {
    Set {
        path: String,
        file: FileId,
    },
    Remove {
        path: String,
    },
    /// `to` becomes what `from` was: a file or a directory.
    Rename {
        from: String,
        to: String,
    },
}

/// What a process did to a directory, from the first change to the last.
#[derive(Debug, Default)]
pub struct Recording {
    /// What was there before, all of it durable. Its files have the first numbers.
    image: Image,
    changes: Vec<Change>,
}

/// How a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// Only the process ends.
    Kill,
    /// The machine ends, too.
    PowerLoss,
}

/// What a number of an open file stands for.
enum Open {
    File { file: FileId, position: usize },
    Dir(String),
    Marks,
}

/// Builds a [`Recording`].
struct Recorder<'a> {
    root: &'a str,
    marks: &'a str,
    open: HashMap<i64, Open>,
    names: BTreeMap<String, FileId>,
    files: usize,
    changes: Vec<Change>,
}

impl Recording {
    /// The changes of the directory `root`, which held the files of `image` before. Lines written to the file
    /// `marks` are kept with them.
    #[must_use]
    pub fn new(image: &Image, calls: Vec<Traced>, root: &str, marks: &str) -> Self {
        let mut recorder = Recorder {
            root,
            marks,
            open: HashMap::new(),
            names: image.keys().cloned().zip(0..).collect(),
            files: image.len(),
            changes: Vec::new(),
        };
        for traced in calls {
            recorder.add(traced);
        }
        Self { image: image.clone(), changes: recorder.changes }
    }

    /// How many changes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Whether nothing happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The marks among the first `count` changes.
    pub fn marks(&self, count: usize) -> impl Iterator<Item = &str> {
        self.first(count).iter().filter_map(|change| match &change.kind {
            Kind::Mark(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// What a crash after `count` changes leaves; where several things are possible, `random` decides.
    #[must_use]
    pub fn crash(&self, count: usize, crash: Crash, random: &mut Rng) -> Image {
        match crash {
            Crash::Kill => self.kill(count, random),
            Crash::PowerLoss => self.lose_power(count, random),
        }
    }

    fn first(&self, count: usize) -> &[Change] {
        self.changes.get(..count).unwrap_or(&self.changes)
    }

    /// How many changes there are before the first mark with this first word.
    #[must_use]
    pub fn until_mark(&self, word: &str) -> usize {
        let is_found = |change: &Change| match &change.kind {
            Kind::Mark(text) => text.split(' ').next() == Some(word),
            _ => false,
        };
        self.changes.iter().position(is_found).unwrap_or(self.changes.len())
    }

    /// The names that were there before.
    fn names(&self) -> BTreeMap<String, FileId> {
        self.image.keys().cloned().zip(0..).collect()
    }

    /// The bytes that were there before.
    fn files(&self) -> HashMap<FileId, Vec<u8>> {
        (0..).zip(self.image.values().cloned()).collect()
    }

    fn kill(&self, count: usize, random: &mut Rng) -> Image {
        let (mut names, mut files) = (self.names(), self.files());
        for change in self.first(count) {
            match &change.kind {
                Kind::Name(name) => apply_name(&mut names, name),
                other => apply_data(&mut files, other, None),
            }
        }
        if let Some(Change { kind: Kind::Write { file, at, bytes }, .. }) = self.changes.get(count)
        {
            let written = bytes.get(..random.usize(..=bytes.len())).unwrap_or_default();
            let part = Kind::Write { file: *file, at: *at, bytes: written.to_vec() };
            apply_data(&mut files, &part, None);
        }
        image(&names, |file| files.get(&file).cloned().unwrap_or_default())
    }

    fn lose_power(&self, count: usize, random: &mut Rng) -> Image {
        let done = self.first(count);
        let names = self.names_after_power_loss(done, random);
        let mut before = self.files();
        image(&names, |file| {
            let before = before.remove(&file).unwrap_or_default();
            content_after_power_loss(done, (file, before), random)
        })
    }

    /// The names as of some time since the last sync of a directory.
    fn names_after_power_loss(
        &self,
        done: &[Change],
        random: &mut Rng,
    ) -> BTreeMap<String, FileId> {
        let changed: Vec<(usize, &Name)> = done
            .iter()
            .filter_map(|change| match &change.kind {
                Kind::Name(name) => Some((change.end, name)),
                _ => None,
            })
            .collect();
        let mut durable = 0;
        for change in done {
            let Kind::SyncDir { dir } = &change.kind else { continue };
            let covered = changed
                .iter()
                .rposition(|(end, name)| *end < change.begin && name.is_in(dir))
                .map_or(0, |last| last + 1);
            durable = durable.max(covered);
        }
        let kept = match random.u8(..3) {
            0 => durable,
            1 => changed.len(),
            _ => random.usize(durable..=changed.len()),
        };
        let mut names = self.names();
        for (_, name) in changed.iter().take(kept) {
            apply_name(&mut names, name);
        }
        names
    }
}

impl Name {
    fn is_in(&self, dir: &str) -> bool {
        match self {
            Self::Set { path, .. } | Self::Remove { path } => parent(path) == dir,
            Self::Rename { from, to } => parent(from) == dir || parent(to) == dir,
        }
    }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// Where the bytes of a file that a power loss spares come from.
#[derive(Clone, Copy)]
enum Spared {
    None,
    All,
    /// Bytes of unsynced writes, in the order they were written.
    First(usize),
    /// Each page with this seed, by chance.
    Pages(u64),
}

/// The bytes of a file, which had others before: those that were synced, and some of the rest.
fn content_after_power_loss(
    done: &[Change],
    (file, before): (FileId, Vec<u8>),
    random: &mut Rng,
) -> Vec<u8> {
    let synced = done.iter().rev().find_map(|change| match &change.kind {
        Kind::SyncFile { file: synced } if *synced == file => Some(change.begin),
        _ => None,
    });
    let of_file = |change: &&Change| match &change.kind {
        Kind::Write { file: of, .. } | Kind::Resize { file: of, .. } => *of == file,
        _ => false,
    };
    let (mut durable, mut lost) = (HashMap::from([(file, before)]), Vec::new());
    for change in done.iter().filter(of_file) {
        if synced.is_some_and(|begin| change.end < begin) {
            apply_data(&mut durable, &change.kind, None);
        } else {
            lost.push(&change.kind);
        }
    }
    let unsynced =
        |kind: &&Kind| if let Kind::Write { bytes, .. } = kind { bytes.len() } else { 0 };
    let bytes: usize = lost.iter().map(unsynced).sum();
    let spared = match random.u8(..4) {
        0 => Spared::None,
        1 => Spared::All,
        2 => Spared::First(random.usize(..=bytes)),
        _ => Spared::Pages(random.u64(..)),
    };
    let mut left = match spared {
        Spared::None => 0,
        Spared::All | Spared::Pages(_) => usize::MAX,
        Spared::First(bytes) => bytes,
    };
    let seed = if let Spared::Pages(seed) = spared { Some(seed) } else { None };
    for kind in lost {
        match kind {
            Kind::Write { file, at, bytes } if bytes.len() > left => {
                let bytes = bytes.get(..left).unwrap_or_default().to_vec();
                if !bytes.is_empty() {
                    apply_data(&mut durable, &Kind::Write { file: *file, at: *at, bytes }, seed);
                }
                break;
            }
            _ => {
                left -= unsynced(&kind);
                apply_data(&mut durable, kind, seed);
            }
        }
    }
    durable.remove(&file).unwrap_or_default()
}

/// Applies a change to the bytes of a file. With `pages`, only those pages are written whose number and this
/// seed say so; the file has its full length nevertheless.
fn apply_data(files: &mut HashMap<FileId, Vec<u8>>, kind: &Kind, pages: Option<u64>) {
    match kind {
        Kind::Write { file, at, bytes } => {
            let content = files.entry(*file).or_default();
            let end = at + bytes.len();
            if content.len() < end {
                content.resize(end, 0);
            }
            for (offset, byte) in (*at..).zip(bytes) {
                let page = (offset / PAGE_BYTES) as u64;
                if pages.is_none_or(|seed| Rng::with_seed(seed ^ page).bool()) {
                    content[offset] = *byte;
                }
            }
        }
        Kind::Resize { file, length } => files.entry(*file).or_default().resize(*length, 0),
        Kind::SyncFile { .. } | Kind::Name(_) | Kind::SyncDir { .. } | Kind::Mark(_) => {}
    }
}

fn apply_name(names: &mut BTreeMap<String, FileId>, name: &Name) {
    match name {
        Name::Set { path, file } => {
            names.insert(path.clone(), *file);
        }
        Name::Remove { path } => {
            names.remove(path);
        }
        Name::Rename { from, to } => {
            if let Some(file) = names.remove(from) {
                names.insert(to.clone(), file);
            }
            let below = format!("{from}/");
            let moved: Vec<String> =
                names.keys().filter(|path| path.starts_with(&below)).cloned().collect();
            for path in moved {
                if let (Some(file), Some(rest)) = (names.remove(&path), path.strip_prefix(&below)) {
                    names.insert(format!("{to}/{rest}"), file);
                }
            }
        }
    }
}

fn image(names: &BTreeMap<String, FileId>, mut content: impl FnMut(FileId) -> Vec<u8>) -> Image {
    names.iter().map(|(path, file)| (path.clone(), content(*file))).collect()
}

mod record;

#[cfg(test)]
mod tests;
