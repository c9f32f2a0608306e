//! `plimsoll inspect`: what a data directory holds.

use std::fmt::{self, Write};
use std::io;
use std::path::PathBuf;

use indicatif::{BinaryBytes, HumanCount};
use plimsoll_storage::Inspection;
use serde_json::{Value, json};

use super::backup::open_existing;
use super::{CommandError, Format};
use crate::wire::time;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Data directory that no server uses
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(args: &Args) -> Result<(), CommandError> {
    let found = open_existing(&args.data_dir)?.inspect()?;
    let text = match args.format {
        Format::Json => format!("{}\n", json_of(&found)),
        Format::Table => table_of(&found)?,
    };
    Ok(io::Write::write_all(&mut io::stdout(), text.as_bytes())?)
}

fn json_of(found: &Inspection) -> Value {
    let resolutions = found.resolutions.iter().map(|one| {
        json!({ "cell_ms": one.cell_ms, "blocks": one.blocks, "cells": one.cells, "bytes": one.bytes })
    });
    let families = found.families.iter().map(|one| {
        json!({ "name": one.name, "file_bytes": one.file_bytes, "memory_bytes": one.memory_bytes })
    });
    json!({
        "format_version": found.format_version,
        "slot_ms": found.slot_ms,
        "streams": found.streams,
        "oldest": found.oldest.map(time::format),
        "newest": found.newest.map(time::format),
        "resolutions": resolutions.collect::<Vec<_>>(),
        "journal": { "records": found.journal_records, "bytes": found.journal_bytes },
        "families": families.collect::<Vec<_>>(),
        "damaged_count": found.damaged_count,
        "damaged": found.damaged,
        "lost": found.losses.iter().map(|loss| {
            json!({ "appends": loss.appends, "changes": loss.changes, "cause": loss.cause })
        }).collect::<Vec<_>>(),
    })
}

fn table_of(found: &Inspection) -> Result<String, fmt::Error> {
    let mut out = String::new();
    let at = |time| Option::map_or(time, "-".to_owned(), time::format);
    writeln!(out, "format version  {}", found.format_version)?;
    writeln!(out, "slot width      {} s", found.slot_ms / 1_000)?;
    writeln!(out, "streams         {}", HumanCount(found.streams))?;
    writeln!(out, "sealed          {} to {}", at(found.oldest), at(found.newest))?;
    let (records, bytes) = (HumanCount(found.journal_records), BinaryBytes(found.journal_bytes));
    writeln!(out, "journal         {records} records not sealed yet, {bytes}")?;
    writeln!(out, "\n{:<12} {:>14} {:>16} {:>14}", "cells of", "blocks", "cells", "bytes")?;
    for one in &found.resolutions {
        let width = format!("{} s", one.cell_ms / 1_000);
        let (blocks, cells) =
            (HumanCount(one.blocks).to_string(), HumanCount(one.cells).to_string());
        let bytes = BinaryBytes(one.bytes).to_string();
        writeln!(out, "{width:<12} {blocks:>14} {cells:>16} {bytes:>14}")?;
    }
    writeln!(out, "\n{:<12} {:>14} {:>16}", "family", "in files", "only in memory")?;
    for one in &found.families {
        let files = BinaryBytes(one.file_bytes).to_string();
        let memory = BinaryBytes(one.memory_bytes).to_string();
        writeln!(out, "{:<12} {files:>14} {memory:>16}", one.name)?;
    }
    for one in &found.damaged {
        writeln!(out, "damaged: {one}")?;
    }
    if found.damaged_count > found.damaged.len() as u64 {
        writeln!(out, "damaged: {} in all", found.damaged_count)?;
    }
    for loss in &found.losses {
        writeln!(out, "lost: {loss}")?;
    }
    Ok(out)
}
