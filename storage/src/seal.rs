//! Sealing: frozen generations become blocks, and the journal lets go of their records, in one
//! write. Every cell is sealed exactly once: a crash before the write leaves the journal as it was,
//! a crash after it finds the low mark moved.

use std::collections::BTreeMap;

use rocksdb::WriteBatch;

use crate::{
    block,
    error::Result,
    head::{Frozen, Run},
    key::BlockKey,
    model::{stream::StreamId, time::Slot},
    schema::{Family, meta},
    store::Shared,
};

/// What a seal did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sealed {
    /// Cells written into blocks.
    pub cells: u64,
    /// Block parts written.
    pub parts: u64,
    /// Their bytes, before compression.
    pub bytes: u64,
}

/// Writes every frozen generation into blocks.
pub(crate) fn seal_frozen(shared: &Shared) -> Result<Sealed> {
    let frozen = shared.head.frozen();
    let Some(last_sequence) = frozen.last().map(|newest| newest.last_sequence) else {
        return Ok(Sealed::default());
    };
    let mut seal =
        Seal { shared, write: WriteBatch::default(), sealed: Sealed::default(), newest: Slot(0) };
    for run in runs_by_stream(&frozen) {
        seal.add_stream(run);
    }
    let Seal { mut write, sealed, newest, .. } = seal;
    let newest = newest.max(shared.sealed_slot());
    let meta_family = shared.db.family(Family::Meta);
    write.put_cf(meta_family, meta::SEALED_SEQ, last_sequence.to_be_bytes());
    write.put_cf(meta_family, meta::SEALED_SLOT, newest.0.to_be_bytes());
    let after = (last_sequence + 1).to_be_bytes();
    write.delete_range_cf(shared.db.family(Family::Journal), 0_u64.to_be_bytes(), after);
    shared.head.forget_after(frozen.len(), || {
        shared.db.write(write).inspect(|()| shared.set_sealed_slot(newest))
    })?;
    Ok(sealed)
}

/// A stream's runs, one a generation.
type StreamRuns = (StreamId, Vec<Run>);

fn runs_by_stream(frozen: &[Frozen]) -> impl Iterator<Item = StreamRuns> {
    let mut streams: BTreeMap<StreamId, Vec<Run>> = BTreeMap::new();
    for one in frozen {
        one.generation.for_each_run(|stream, run| {
            streams.entry(stream).or_default().push(run.clone());
        });
    }
    streams.into_iter()
}

struct Seal<'a> {
    shared: &'a Shared,
    write: WriteBatch,
    sealed: Sealed,
    newest: Slot,
}

impl Seal<'_> {
    fn add_stream(&mut self, (stream, runs): StreamRuns) {
        let width = self.shared.slot_width;
        for run in &runs {
            for hour in run.chunk_by(|(a, _), (b, _)| {
                BlockKey::of(stream, *a, width) == BlockKey::of(stream, *b, width)
            }) {
                self.add_part(stream, hour);
            }
        }
        if let Some(at) = self.shared.catalog.read().last_seen(stream) {
            let family = self.shared.db.family(Family::LastSeen);
            self.write.put_cf(family, stream.0.to_be_bytes(), at.0.to_be_bytes());
        }
    }

    fn add_part(&mut self, stream: StreamId, hour: &[(Slot, crate::SlotValue)]) {
        let (Some((first, _)), Some((last, _))) = (hour.first(), hour.last()) else { return };
        let part = block::encode(hour);
        self.sealed.cells += hour.len() as u64;
        self.sealed.parts += 1;
        self.sealed.bytes += part.len() as u64;
        self.newest = self.newest.max(*last);
        let key = BlockKey::of(stream, *first, self.shared.slot_width).encode();
        self.write.merge_cf(self.shared.db.family(Family::Blocks), key, part);
    }
}
