//! What keeps an open store in shape: sealing, downsampling, retention, forgetting streams without data,
//! compaction while idle, and preloading the cache after a start. Preloading is here and not in `memory`
//! because it reads blocks.

mod compact;
mod downsample;
mod forget;
mod maintenance;
mod preload;
mod retention;
mod seal;

pub use seal::Sealed;

pub(crate) use maintenance::{Maintenance, needs_seal};
