//! What keeps a store in shape: sealing, downsampling, retention, compaction, preloading.

pub(crate) mod compact;
pub(crate) mod downsample;
pub(crate) mod preload;
pub(crate) mod retention;
pub(crate) mod seal;
