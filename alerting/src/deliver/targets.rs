//! Stored targets of receivers, so that the resolve of an alert reaches the target that got its trigger,
//! also after the rules file has changed.
//!
//! Secrets are never stored, only where each was read: a variable or a file. A target can be reached again
//! while that place still holds a secret with the same fingerprint.

use plimsoll_storage::{Order, Store, Table, TableBatch};

use crate::error::Result;
use crate::limits::LIST_ROWS_MAX;
use crate::records::row;
use crate::rule::{Receiver, Secret, SecretOrigin, Target};

/// Prefix of rows, followed by receiver, 0 and fingerprint. Value: [`StoredTarget`].
const TARGET: u8 = b't';

/// A target without its secrets.
type StoredTarget = Target<SecretOrigin>;

/// Reads a variable of the environment.
pub(super) type Env = dyn Fn(&str) -> Option<String> + Send + Sync;

/// Stores the targets of some receivers.
pub(super) fn remember(store: &Store, receivers: &[Receiver]) -> Result<()> {
    let mut batch = TableBatch::default();
    for receiver in receivers {
        // Every secret has an origin.
        let origin = &mut |secret: &Secret| Some(secret.origin().clone());
        let Some(stored) = receiver.target.map_secrets(origin) else { continue };
        let (key, row) = (key(receiver), row::encode(&stored));
        if store.get(Table::Receiver, &key)?.as_ref() != Some(&row) {
            batch.put(Table::Receiver, &key, row);
        }
    }
    Ok(store.commit(batch)?)
}

/// Every stored target that can be reached with the current secrets, each with the name of its
/// receiver.
pub(super) fn recall(store: &Store, env: &Env) -> Result<Vec<Receiver>> {
    let rows = store.records(Table::Receiver, &[TARGET], None, Order::Descending, LIST_ROWS_MAX)?;
    let mut found = Vec::new();
    for (key, value) in rows {
        let mut parts = key.get(1..).unwrap_or_default().split(|byte| *byte == 0);
        let mut text = || String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
        let (name, fingerprint) = (text(), text());
        let stored: StoredTarget = row::decode("target of a receiver", &value)?;
        let secret = &mut |origin: &SecretOrigin| origin.read(&|name| env(name));
        if let Some(target) = stored.map_secrets(secret)
            && target.fingerprint() == fingerprint
        {
            found.push(Receiver::new(name, target));
        }
    }
    Ok(found)
}

fn key(receiver: &Receiver) -> Vec<u8> {
    let fingerprint = receiver.fingerprint();
    [&[TARGET], receiver.name.as_bytes(), &[0], fingerprint.as_bytes()].concat()
}
