//! What a running store keeps in memory: cells that are not sealed yet, the newest sealed cells, sums by
//! partner of these, and which times it has seen.

mod cache;
mod generation;
mod head;
mod partner_sums;
mod timeline;

pub(crate) use cache::{CachedParts, cache_bytes_max};
pub(crate) use generation::{Generation, Run, Shard};
pub(crate) use head::{CacheState, Head, View};
pub(crate) use partner_sums::without;
pub(crate) use timeline::{NO_TIME, Timeline};
