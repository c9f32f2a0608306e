//! The open connections: how many there are in all and by address, and which one makes room for another.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::ConnectionLimits;
use crate::self_metrics::ConnectionMetrics;

/// The places for connections.
#[derive(Debug)]
pub(super) struct Table {
    limits: ConnectionLimits,
    metrics: ConnectionMetrics,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Orders connections by the time since when they have no request.
    clock: u64,
    open: HashMap<u64, Entry>,
    addresses: HashMap<IpAddr, Address>,
    /// Connections without a request, the oldest first.
    idle: BTreeMap<u64, u64>,
}

#[derive(Debug)]
struct Entry {
    address: IpAddr,
    /// Its key among the idle ones; `None` while it has a request.
    idle_key: Option<u64>,
    evicted: Arc<Notify>,
}

/// The connections of one address.
#[derive(Debug, Default)]
struct Address {
    open: usize,
    idle: BTreeMap<u64, u64>,
}

/// The place of one connection; it gets free when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    table: Arc<Table>,
    id: u64,
    evicted: Arc<Notify>,
}

/// What came of a new connection.
#[derive(Debug)]
pub(super) enum Admitted {
    /// There was room.
    Free(Place),
    /// There was none; the connection without a request for the longest time is closed.
    Evicting(Place),
    /// There is none, and every connection has a request.
    Full,
}

impl Table {
    pub(super) fn new(limits: ConnectionLimits, metrics: ConnectionMetrics) -> Arc<Self> {
        Arc::new(Self { limits, metrics, inner: Mutex::default() })
    }

    /// Finds a place for a connection.
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr) -> Admitted {
        let address = network(address);
        let mut inner = self.inner.lock();
        let of_address = inner.addresses.get(&address).map_or(0, |it| it.open);
        let oldest = if of_address >= self.limits.per_address_max {
            inner.addresses.get(&address).map(|it| it.idle.values().next().copied())
        } else if inner.open.len() >= self.limits.all_max {
            Some(inner.idle.values().next().copied())
        } else {
            None
        };
        let must_evict = match oldest {
            Some(None) => return Admitted::Full,
            Some(Some(oldest)) => {
                inner.evict(oldest);
                true
            }
            None => false,
        };
        let (id, evicted) = inner.insert(address);
        inner.publish(&self.metrics);
        drop(inner);
        let place = Place { table: Arc::clone(self), id, evicted };
        if must_evict { Admitted::Evicting(place) } else { Admitted::Free(place) }
    }

    /// Closes the connection without a request for the longest time; `false` if all have one.
    pub(super) fn evict_oldest(&self) -> bool {
        let mut inner = self.inner.lock();
        let oldest = inner.idle.values().next().copied();
        oldest.is_some_and(|id| {
            inner.evict(id);
            inner.publish(&self.metrics);
            true
        })
    }

    /// How many connections are open.
    pub(super) fn open(&self) -> usize {
        self.inner.lock().open.len()
    }
}

impl Inner {
    fn insert(&mut self, address: IpAddr) -> (u64, Arc<Notify>) {
        self.clock += 1;
        let (id, evicted) = (self.clock, Arc::new(Notify::new()));
        let entry = Entry { address, idle_key: Some(id), evicted: Arc::clone(&evicted) };
        self.open.insert(id, entry);
        self.idle.insert(id, id);
        let of_address = self.addresses.entry(address).or_default();
        of_address.open += 1;
        of_address.idle.insert(id, id);
        (id, evicted)
    }

    fn publish(&self, metrics: &ConnectionMetrics) {
        metrics.set_open(self.idle.len(), self.open.len() - self.idle.len());
    }

    fn evict(&mut self, id: u64) {
        if let Some(entry) = self.remove(id) {
            entry.evicted.notify_one();
        }
    }

    fn remove(&mut self, id: u64) -> Option<Entry> {
        self.set_idle(id, false);
        let entry = self.open.remove(&id)?;
        if let Some(of_address) = self.addresses.get_mut(&entry.address) {
            of_address.open -= 1;
            if of_address.open == 0 {
                self.addresses.remove(&entry.address);
            }
        }
        Some(entry)
    }

    /// Sets whether a connection has no request; `false` if it was evicted.
    fn set_idle(&mut self, id: u64, is_idle: bool) -> bool {
        let Some(entry) = self.open.get_mut(&id) else { return false };
        let of_address = self.addresses.entry(entry.address).or_default();
        if let Some(key) = entry.idle_key.take() {
            self.idle.remove(&key);
            of_address.idle.remove(&key);
        }
        if is_idle {
            self.clock += 1;
            entry.idle_key = Some(self.clock);
            self.idle.insert(self.clock, id);
            of_address.idle.insert(self.clock, id);
        }
        true
    }
}

impl Place {
    /// The connection has a request and is not evicted from now on. `false` if it was evicted before.
    pub(super) fn begin_request(&self) -> bool {
        self.set_idle(false)
    }

    /// The connection has no request any more.
    pub(super) fn end_request(&self) {
        self.set_idle(true);
    }

    fn set_idle(&self, is_idle: bool) -> bool {
        let mut inner = self.table.inner.lock();
        let is_open = inner.set_idle(self.id, is_idle);
        inner.publish(&self.table.metrics);
        is_open
    }

    /// Waits until the connection is evicted.
    pub(super) async fn evicted(&self) {
        self.evicted.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inner = self.table.inner.lock();
        inner.remove(self.id);
        inner.publish(&self.table.metrics);
    }
}

/// What counts as one address: a client with IPv6 has a network of 64 bits for itself.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
        address => address,
    }
}

#[cfg(test)]
mod tests;
