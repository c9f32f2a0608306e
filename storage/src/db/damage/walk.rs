//! Reading every row of a family, past damage.

use super::file_place::FilePlace;
use crate::db::database::Database;
use crate::db::key::{ExemplarKey, u32_of};
use crate::db::merge::WithoutMerging;
use crate::db::rows::Rows;
use crate::db::schema::Family;
use crate::error::Result;
use crate::limits::DAMAGED_MAX;
use crate::model::resolution::{BlockKey, Resolution};

/// Bytes of a key that count when the next readable row is looked for. Only keys of tables and idempotency
/// keys are longer.
const KEY_BYTES: usize = size_of::<u128>();

/// The damage that a walk met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct WalkDamage {
    /// The names of the first [`DAMAGED_MAX`] places.
    pub(crate) names: Vec<String>,
    pub(crate) count: u64,
}

impl WalkDamage {
    pub(crate) fn add(&mut self, name: impl FnOnce() -> String) {
        self.count += 1;
        if self.names.len() < DAMAGED_MAX {
            self.names.push(name());
        }
    }
}

impl Database {
    /// Calls `visit` with every row of a family that can be read. RocksDB verifies the checksum of
    /// everything it reads. Rows behind damage in another file may be passed over with it.
    ///
    /// # Errors
    /// When the database cannot be read for another reason than damage.
    pub(crate) fn walk(
        &self,
        family: Family,
        damage: &mut WalkDamage,
        mut visit: impl FnMut(&[u8], &[u8], &mut WalkDamage),
    ) -> Result<()> {
        let _reading = WithoutMerging::begin();
        let mut rows = self.rows_uncached(family);
        let mut before: Option<u128> = None;
        rows.seek_to_first();
        loop {
            while let Some((key, value)) = rows.item() {
                before = Some(number_of(key));
                visit(key, value, damage);
                rows.next();
            }
            let Some(detail) = rows.damage()? else { return Ok(()) };
            let from = before.map_or(0, |before| before.saturating_add(1));
            let next = readable_from(&mut rows, from)?;
            damage.add(|| {
                let ends = [before, next].map(|end| end.map(|end| name_of(family, end)));
                let where_ = match ends {
                    [None, None] => "everything".to_owned(),
                    [Some(before), None] => format!("everything after {before}"),
                    [None, Some(next)] => format!("everything before {next}"),
                    [Some(before), Some(next)] => format!("between {before} and {next}"),
                };
                let family = family.name();
                format!("{where_} in family {family}, file {}", FilePlace::of(&detail))
            });
            let Some(next) = next else { return Ok(()) };
            before = Some(next);
            rows.seek(next.to_be_bytes());
        }
    }
}

/// The first place behind a key where rows can be read; `None` when there is none. Longer keys with the same
/// beginning are passed over.
pub(in crate::db) fn next_readable(
    rows: &mut Rows,
    before: &[u8],
) -> Result<Option<[u8; KEY_BYTES]>> {
    let found = readable_from(rows, number_of(before).saturating_add(1))?;
    Ok(found.map(u128::to_be_bytes))
}

/// The first place at or after `from` where rows can be read, found by steps that double and then halve;
/// `None` when there is none.
fn readable_from(rows: &mut Rows, from: u128) -> Result<Option<u128>> {
    let mut is_readable = |at: u128| -> Result<bool> {
        rows.seek(at.to_be_bytes());
        Ok(rows.damage()?.is_none())
    };
    let mut damaged = from;
    let mut step = 1_u128;
    let mut found = loop {
        let Some(next) = damaged.checked_add(step) else {
            return Ok(is_readable(u128::MAX)?.then_some(u128::MAX));
        };
        if is_readable(next)? {
            break next;
        }
        damaged = next;
        step = step.saturating_mul(2);
    };
    while found - damaged > 1 {
        let middle = damaged + (found - damaged) / 2;
        if is_readable(middle)? {
            found = middle;
        } else {
            damaged = middle;
        }
    }
    Ok(Some(found))
}

/// The first bytes of a key as a number of the same order.
fn number_of(key: &[u8]) -> u128 {
    let mut bytes = [0; KEY_BYTES];
    bytes.iter_mut().zip(key).for_each(|(byte, of_key)| *byte = *of_key);
    u128::from_be_bytes(bytes)
}

/// A row of a family, described by the first bytes of its key.
fn name_of(family: Family, number: u128) -> String {
    let bytes = number.to_be_bytes();
    let block = |resolution: Resolution| {
        let key = bytes.get(..BlockKey::BYTES).and_then(BlockKey::decode);
        key.map(|key| key.describe(resolution))
    };
    let described = match family {
        Family::Blocks => block(Resolution::Slot),
        Family::Blocks1m => block(Resolution::Minute),
        Family::Blocks15m => block(Resolution::Quarter),
        Family::Streams | Family::LastSeen => {
            bytes.get(..4).and_then(u32_of).map(|stream| format!("stream {stream}"))
        }
        Family::Exemplars => bytes
            .get(..ExemplarKey::BYTES)
            .and_then(ExemplarKey::decode)
            .map(|key| format!("the exemplars of stream {} on day {}", key.stream.0, key.day)),
        Family::Meta | Family::Journal | Family::Idempotency | Family::Tables => None,
    };
    described.unwrap_or_else(|| format!("key {number:032x}"))
}
