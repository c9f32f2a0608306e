//! What evaluation and delivery continue from after a restart: the last evaluated slot, the state of
//! notification, and for how long deliveries were made. Each is a row of its own in table `Cursor`.

use bincode::{Decode, Encode};
use plimsoll_storage::{Store, Table, TableBatch};

use crate::error::Result;
use crate::records::row;

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Checkpoint {
    key: &'static [u8],
    /// Its name in log lines.
    name: &'static str,
}

/// The last evaluated slot.
pub(crate) const CURSOR: Checkpoint = Checkpoint { key: b"evaluator", name: "cursor" };
/// The newest time that the clock was set.
pub(crate) const CLOCK_STEP: Checkpoint = Checkpoint { key: b"clock", name: "step of the clock" };
/// The streams that rules expect of partners, and since when.
pub(crate) const EXPECTED: Checkpoint =
    Checkpoint { key: b"expected", name: "times of expectations" };
/// The open notifications and the alerts that share them.
pub(crate) const GROUPING: Checkpoint = Checkpoint { key: b"pager", name: "notification grouping" };
/// The open reminders of silences.
pub(crate) const REMINDERS: Checkpoint = Checkpoint { key: b"reminders", name: "reminders" };
/// The releases that have been reported.
pub(crate) const RELEASES: Checkpoint = Checkpoint { key: b"releases", name: "releases" };
/// For how long deliveries were made, in ms, as of the last failed attempt.
pub(crate) const DELIVERY_RUN_MS: Checkpoint =
    Checkpoint { key: b"delivery", name: "running time of delivery" };

impl Checkpoint {
    /// The stored value. A row that cannot be read, for example of another version, does not stop
    /// evaluation or delivery: it is logged and treated as absent.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(crate) fn load<T: Decode<()>>(self, store: &Store) -> Result<Option<T>> {
        let Some(bytes) = store.get(Table::Cursor, self.key)? else { return Ok(None) };
        let decoded = row::decode(self.name, &bytes);
        Ok(decoded
            .inspect_err(|error| tracing::error!(%error, "the server starts without it"))
            .ok())
    }

    pub(crate) fn put<T: Encode>(self, batch: &mut TableBatch, value: &T) {
        batch.put(Table::Cursor, self.key, row::encode(value));
    }
}
