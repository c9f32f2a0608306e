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
    pub(crate) revoked_at: Option<TimestampMs>,
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
    #[error("the row of key {0} is damaged: {1}; revoke it and create another one")]
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
        if self.revoked_at.is_some_and(|at| at <= now) {
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
            last_used_ms: AtomicI64::new(row.last_used_at.unwrap_or(0)),
        }
    }

    fn with_end(&self, revoked_at: TimestampMs) -> Self {
        Self {
            id: self.id.clone(),
            grant: self.grant.clone(),
            hash: self.hash,
            created_at: self.created_at,
            revoked_at: Some(revoked_at),
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
        let key = self.by_id.read().get(id).cloned().ok_or(Denied::Unknown)?;
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
        Ok((self.insert(id, hash, grant, now)?, text))
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
        self.insert(id.to_owned(), hash, grant, now)?;
        Ok(true)
    }

    fn insert(
        &self,
        id: String,
        hash: KeyHash,
        grant: Grant,
        now: TimestampMs,
    ) -> Result<Arc<Key>, KeysError> {
        let _changes = self.changes.lock();
        if self.by_id.read().len() >= KEYS_MAX {
            return Err(KeysError::TooMany);
        }
        let last_used_ms = AtomicI64::new(0);
        self.put(Key { id, grant, hash, created_at: now, revoked_at: None, last_used_ms })
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
        let known = self.by_id.read().get(id).cloned();
        let Some(known) = known else { return Ok(None) };
        if known.denied(now).is_some() || known.revoked_at.is_some() {
            return Err(KeysError::Revoked(id.to_owned()));
        }
        let lasts_ms = known.grant.expires_at.map(|at| at.since_ms(known.created_at));
        let expires_at = lasts_ms.map(|ms| now.plus_ms(ms));
        let grant = Grant { expires_at, created_by: by.to_owned(), ..known.grant.clone() };
        let made = self.create(grant, now)?;
        self.revoke(id, until)?;
        Ok(Some(made))
    }

    /// Revokes a key from a time on. Returns it; `None` when there is no such key.
    ///
    /// # Errors
    /// The store cannot be written.
    pub(crate) fn revoke(&self, id: &str, at: TimestampMs) -> Result<Option<Arc<Key>>, KeysError> {
        let _changes = self.changes.lock();
        let known = self.by_id.read().get(id).cloned();
        let Some(known) = known else { return Ok(None) };
        if known.revoked_at.is_some_and(|before| before <= at) {
            return Ok(Some(known));
        }
        self.put(known.with_end(at)).map(Some)
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

    fn put(&self, key: Key) -> Result<Arc<Key>, KeysError> {
        let mut batch = TableBatch::default();
        batch.put(Table::Key, key.id.as_bytes(), key.row());
        self.store.commit(batch)?;
        let key = Arc::new(key);
        self.by_id.write().insert(key.id.clone(), Arc::clone(&key));
        Ok(key)
    }
}

#[cfg(test)]
mod tests;
