//! The repair of a data directory: which files were set aside, and what is lost with them.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::Path;

use crate::catalog::Catalog;
use crate::db::{self, Family, Loss, Repaired, WriteBatch};
use crate::error::{Error, Result};
use crate::model::labels::Label;
use crate::model::resolution::{BlockKey, Resolution};
use crate::model::stream::StreamId;
use crate::open;
use crate::options::Options;

/// A damaged file that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepairedFile {
    /// Its name. It is kept in the folder `damaged` of the data directory.
    pub name: String,
    /// The column family it belonged to, or `the manifest`.
    pub family: &'static str,
    /// What is lost, in words; `None` when every row could be read.
    pub lost: Option<&'static str>,
    /// The days since 1970 of which cells are lost.
    pub days: Option<RangeInclusive<u32>>,
    /// The partners whose cells may be lost, sorted.
    pub partners: Vec<String>,
}

/// Sets damaged files of a database that is not open aside, writes `CURRENT` anew when it is missing or
/// damaged and one manifest is certain, keeps every row that can be read, and opens it
/// once. What is lost is kept as a [`Loss`], and answers that lack cells of it say so.
///
/// # Errors
/// When something else than a table file is damaged, or the directory cannot be written.
pub fn repair(path: &Path) -> Result<Vec<RepairedFile>> {
    // Without a directory there is nothing to repair either.
    let is_restored = path.is_dir() && db::restore_current(path)?;
    if !is_restored && !db::is_database(path) {
        let detail = "it holds no database files".into();
        return Err(Error::NotADatabase { path: path.into(), detail });
    }
    let repaired = db::repair(path)?;
    let (shared, _) = open::open(&Options::new(path))?;
    let catalog = shared.catalog.read();
    let mut files: Vec<_> = is_restored.then(restored_current).into_iter().collect();
    let mut write = WriteBatch::default();
    for found in repaired {
        for (resolution, lost) in lost_blocks(&found) {
            shared.db.keep_lost_blocks(resolution, lost, &mut write);
        }
        let file = described(found, &catalog);
        if let Some(lost) = file.lost {
            let cause = format!("{lost} in {}, a damaged file of {}", file.name, file.family);
            shared.db.keep_loss(&Loss { appends: 0, changes: 0, cause })?;
        }
        files.push(file);
    }
    shared.db.write(write)?;
    Ok(files)
}

/// `CURRENT`, which was written anew.
fn restored_current() -> RepairedFile {
    let (name, family) = ("CURRENT".to_owned(), "the manifest");
    RepairedFile { name, family, lost: None, days: None, partners: Vec::new() }
}

/// The blocks between which cells are lost with a file.
fn lost_blocks(found: &Repaired) -> Vec<(Resolution, (BlockKey, BlockKey))> {
    let of_family = |resolution: &Resolution| Family::of(*resolution) == found.family;
    let Some(resolution) = Resolution::ALL.into_iter().find(of_family) else { return Vec::new() };
    let blocks = |(first, last): &(Vec<u8>, Vec<u8>)| {
        Some((resolution, (block_from(first), block_from(last))))
    };
    found.lost.iter().filter_map(blocks).collect()
}

/// A key of blocks. The end of a file may be a longer one, behind a block.
fn block_from(key: &[u8]) -> BlockKey {
    let mut bytes = [0; BlockKey::BYTES];
    bytes.iter_mut().zip(key).for_each(|(byte, of_key)| *byte = *of_key);
    let day_of = |bytes: &[u8]| bytes.first_chunk().map_or(0, |day| u32::from_be_bytes(*day));
    BlockKey::decode(&bytes).unwrap_or(BlockKey {
        day: day_of(&bytes),
        stream: StreamId(0),
        block: 0,
    })
}

fn described(found: Repaired, catalog: &Catalog) -> RepairedFile {
    let blocks = lost_blocks(&found);
    let first = blocks.iter().map(|(_, (first, _))| first.day).min();
    let last = blocks.iter().map(|(_, (_, last))| last.day).max();
    let mut names = BTreeSet::new();
    for (_, (first, last)) in &blocks {
        // Keys begin with the day, so every stream lies between two keys of different days.
        let streams =
            if first.day == last.day { first.stream.0..=last.stream.0 } else { 0..=u32::MAX };
        names.extend(partners(catalog, &streams));
    }
    RepairedFile {
        lost: (!found.lost.is_empty()).then(|| contents(found.family)),
        days: first.zip(last).map(|(first, last)| first..=last),
        partners: names.into_iter().collect(),
        name: found.file,
        family: found.family.name(),
    }
}

/// What is lost with rows of a family.
const fn contents(family: Family) -> &'static str {
    match family {
        Family::Meta => "facts about the database",
        Family::Journal => "pushes that were not sealed yet",
        Family::Streams => "names of streams",
        Family::LastSeen => "the newest event times of streams without newer data",
        Family::Blocks | Family::Blocks1m | Family::Blocks15m => "cells",
        Family::Idempotency => {
            "idempotency keys, so that a push that is sent again may count twice,"
        }
        Family::Exemplars => "ids of single events",
        Family::Tables => {
            "records of alerts, silences and deliveries, so that a notification may be sent again or not at all,"
        }
    }
}

/// The partners of some streams.
fn partners(catalog: &Catalog, streams: &RangeInclusive<u32>) -> Vec<String> {
    let last = (*streams.end()).min(catalog.next_id().0.saturating_sub(1));
    let ids = (*streams.start()..=last).map(StreamId).filter(|id| catalog.contains(*id));
    ids.map(|id| catalog.label(id, Label::Partner).to_owned()).collect()
}
