//! The way of an append: batch, journal, writer, feed.

pub(crate) mod batch;
pub(crate) mod feed;
pub(crate) mod journal;
pub(crate) mod writer;
