//! The keys of a server: who has one, for what, and until when.
//!
//! Table `Key`, key: the id; a row is JSON. A revoked key stays in the table, so that its name is known and
//! its id is not given again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use parking_lot::{Mutex, RwLock};
use plimsoll_storage::{Order, Store, Table, TableBatch, TimestampMs};
use serde::{Deserialize, Serialize};

use super::grant::Grant;
use super::scope::{Scope, Scopes};
use super::secret::{self, KeyHash, NewKey};

/// Keys that a server may have, with the revoked ones.
const KEYS_MAX: usize = 10_000;
const MINUTE_MS: i64 = 60_000;

/// A key.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) grant: Grant,
    hash: KeyHash,
    pub(crate) created_at: TimestampMs,
    /// From when on it is revoked.
    pub(crate) revoked_at: Option<TimestampMs>,
    /// Whether it is revoked already, whatever the clock says later.
    is_revoked: bool,
    /// The newest use, by the minute; 0 for none.
    last_used_ms: AtomicI64,
}

/// The row of a key, version 1.
#[derive(Debug, Serialize, Deserialize)]
struct Row {
    name: String,
    scopes: Scopes,
    partners: Option<BTreeSet<String>>,
    hash: [u8; 32],
    created_at: i64,
    created_by: String,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    is_revoked: bool,
    last_used_at: Option<i64>,
}

/// Why the text of a key opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Denied {
    #[error("it is not a key of this server, or mistyped")]
    Unknown,
    #[error("the key is revoked")]
    Revoked,
    #[error("the key has expired")]
    Expired,
}

/// Why keys cannot be changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeysError {
    #[error("there are {KEYS_MAX} keys, with the revoked ones; no more are possible")]
    TooMany,
    #[error("the key {0} is revoked or has expired; create another one")]
    Revoked(String),
    #[error("the system has no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    #[error("the row of key {0} is damaged: {1}; restore a backup with `plimsoll restore`")]
    Damaged(String, serde_json::Error),
    #[error(transparent)]
    Store(#[from] plimsoll_storage::Error),
}

/// Every key of a server, in memory and in the store.
#[derive(Debug)]
pub(crate) struct Keys {
    store: Arc<Store>,
    by_id: RwLock<BTreeMap<String, Arc<Key>>>,
    /// Held while keys are changed, so that memory and store change in the same order.
    changes: Mutex<()>,
}

impl Key {
    /// The newest use, by the minute.
    pub(crate) fn last_used_at(&self) -> Option<TimestampMs> {
        let ms = self.last_used_ms.load(Ordering::Relaxed);
        (ms > 0).then_some(TimestampMs(ms))
    }

    /// Why it opens nothing now.
    pub(crate) fn denied(&self, now: TimestampMs) -> Option<Denied> {
        if self.is_revoked || self.revoked_at.is_some_and(|at| at <= now) {
            return Some(Denied::Revoked);
        }
        self.grant.expires_at.is_some_and(|at| at <= now).then_some(Denied::Expired)
    }

    /// Whether it allows something.
    pub(crate) fn has(&self, scope: Scope) -> bool {
        self.grant.scopes.contains(&scope)
    }

    fn row(&self) -> Vec<u8> {
        let Grant { name, scopes, partners, expires_at, created_by } = self.grant.clone();
        let row = Row {
            name,
            scopes,
            partners,
            hash: self.hash.0,
            created_at: self.created_at.0,
            created_by,
            expires_at: expires_at.map(|at| at.0),
            revoked_at: self.revoked_at.map(|at| at.0),
            is_revoked: self.is_revoked,
            last_used_at: self.last_used_at().map(|at| at.0),
        };
        serde_json::to_vec(&row).unwrap_or_default()
    }

    fn from_row(id: String, row: Row) -> Self {
        let Row { name, scopes, partners, created_by, .. } = row;
        let expires_at = row.expires_at.map(TimestampMs);
        Self {
            id,
            grant: Grant { name, scopes, partners, expires_at, created_by },
            hash: KeyHash(row.hash),
            created_at: TimestampMs(row.created_at),
            revoked_at: row.revoked_at.map(TimestampMs),
            is_revoked: row.is_revoked,
            last_used_ms: AtomicI64::new(row.last_used_at.unwrap_or(0)),
        }
    }

    /// The same, revoked from a time on; `now` is the time of the revocation.
    fn revoked(&self, at: TimestampMs, now: TimestampMs) -> Self {
        Self {
            id: self.id.clone(),
            grant: self.grant.clone(),
            hash: self.hash,
            created_at: self.created_at,
            revoked_at: Some(at),
            is_revoked: at <= now,
            last_used_ms: AtomicI64::new(self.last_used_ms.load(Ordering::Relaxed)),
        }
    }
}

impl Keys {
    /// The keys of a store.
    ///
    /// # Errors
    /// The store cannot be read, or a row of it.
    pub(crate) fn load(store: Arc<Store>) -> Result<Self, KeysError> {
        let mut by_id = BTreeMap::new();
        for (key, row) in store.records(Table::Key, &[], None, Order::Ascending, KEYS_MAX)? {
            let id = String::from_utf8_lossy(&key).into_owned();
            let row = serde_json::from_slice(&row);
            let row = row.map_err(|error| KeysError::Damaged(id.clone(), error))?;
            by_id.insert(id.clone(), Arc::new(Key::from_row(id, row)));
        }
        Ok(Self { store, by_id: RwLock::new(by_id), changes: Mutex::new(()) })
    }

    /// Whether there has ever been one. Then every request takes a key, also when all are revoked.
    pub(crate) fn are_required(&self) -> bool {
        !self.by_id.read().is_empty()
    }

    /// Every key, oldest first.
    pub(crate) fn list(&self) -> Vec<Arc<Key>> {
        let mut keys: Vec<Arc<Key>> = self.by_id.read().values().cloned().collect();
        keys.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        keys
    }

    /// The key with a text.
    ///
    /// # Errors
    /// There is none, or it is revoked or has expired.
    pub(crate) fn find(&self, text: &str, now: TimestampMs) -> Result<Arc<Key>, Denied> {
        let (id, hash) = secret::read(text).ok_or(Denied::Unknown)?;
        let key = self.get(id).ok_or(Denied::Unknown)?;
        if key.hash != hash {
            return Err(Denied::Unknown);
        }
        if let Some(denied) = key.denied(now) {
            return Err(denied);
        }
        let minute_ms = now.0 - now.0.rem_euclid(MINUTE_MS);
        key.last_used_ms.fetch_max(minute_ms, Ordering::Relaxed);
        Ok(key)
    }

    /// Makes a key. Returns it with its text, which is kept nowhere.
    ///
    /// # Errors
    /// There are too many, or the store cannot be written.
    pub(crate) fn create(
        &self,
        grant: Grant,
        now: TimestampMs,
    ) -> Result<(Arc<Key>, String), KeysError> {
        let NewKey { id, hash, text } = secret::generate()?;
        let _changes = self.changes.lock();
        let key = self.new_key(id, hash, grant, now)?;
        self.put(&[Arc::clone(&key)])?;
        Ok((key, text))
    }

    /// Adds a key that was made elsewhere. Returns whether the text is one.
    ///
    /// # Errors
    /// There are too many, or the store cannot be written.
    pub(crate) fn add(
        &self,
        text: &str,
        grant: Grant,
        now: TimestampMs,
    ) -> Result<bool, KeysError> {
        let Some((id, hash)) = secret::read(text) else { return Ok(false) };
        let _changes = self.changes.lock();
        let key = self.new_key(id.to_owned(), hash, grant, now)?;
        self.put(&[key])?;
        Ok(true)
    }

    /// Makes a key in the place of another one, which is revoked from a time on. The new one is for the same
    /// and lasts as long. `None` when there is no such key.
    ///
    /// # Errors
    /// The key has ended, or the store cannot be written.
    pub(crate) fn rotate(
        &self,
        id: &str,
        by: &str,
        now: TimestampMs,
        until: TimestampMs,
    ) -> Result<Option<(Arc<Key>, String)>, KeysError> {
        let made = secret::generate()?;
        let _changes = self.changes.lock();
        let Some(known) = self.get(id) else { return Ok(None) };
        if known.denied(now).is_some() || known.revoked_at.is_some() {
            return Err(KeysError::Revoked(id.to_owned()));
        }
        let lasts_ms = known.grant.expires_at.map(|at| at.since_ms(known.created_at));
        let expires_at = lasts_ms.map(|ms| now.plus_ms(ms));
        let grant = Grant { expires_at, created_by: by.to_owned(), ..known.grant.clone() };
        let key = self.new_key(made.id, made.hash, grant, now)?;
        self.put(&[Arc::clone(&key), Arc::new(known.revoked(until, now))])?;
        Ok(Some((key, made.text)))
    }

    /// Revokes a key at once. Returns it; `None` when there is no such key.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(crate) fn revoke(&self, id: &str, now: TimestampMs) -> Result<Option<Arc<Key>>, KeysError> {
        let _changes = self.changes.lock();
        let Some(known) = self.get(id) else { return Ok(None) };
        if known.denied(now) == Some(Denied::Revoked) {
            return Ok(Some(known));
        }
        let key = Arc::new(known.revoked(now, now));
        self.put(&[Arc::clone(&key)])?;
        Ok(Some(key))
    }

    /// Writes when keys were last used, of those that were since a time.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(crate) fn note_use(&self, since: TimestampMs) -> Result<(), KeysError> {
        let _changes = self.changes.lock();
        let mut batch = TableBatch::default();
        for key in self.by_id.read().values() {
            if key.last_used_at().is_some_and(|at| at >= since) {
                batch.put(Table::Key, key.id.as_bytes(), key.row());
            }
        }
        Ok(self.store.commit(batch)?)
    }

    fn get(&self, id: &str) -> Option<Arc<Key>> {
        self.by_id.read().get(id).cloned()
    }

    /// A key that is not stored yet.
    fn new_key(
        &self,
        id: String,
        hash: KeyHash,
        grant: Grant,
        now: TimestampMs,
    ) -> Result<Arc<Key>, KeysError> {
        if self.by_id.read().len() >= KEYS_MAX {
            return Err(KeysError::TooMany);
        }
        let (created_at, last_used_ms) = (now, AtomicI64::new(0));
        let (revoked_at, is_revoked) = (None, false);
        Ok(Arc::new(Key { id, grant, hash, created_at, revoked_at, is_revoked, last_used_ms }))
    }

    /// Stores keys, in one write.
    fn put(&self, keys: &[Arc<Key>]) -> Result<(), KeysError> {
        let mut batch = TableBatch::default();
        keys.iter().for_each(|key| batch.put(Table::Key, key.id.as_bytes(), key.row()));
        self.store.commit(batch)?;
        let named = keys.iter().map(|key| (key.id.clone(), Arc::clone(key)));
        self.by_id.write().extend(named);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
