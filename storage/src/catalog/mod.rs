//! Names of streams to numbers and back: the catalog, its index and the matchers that select from it.

pub(crate) mod index;
pub(crate) mod matcher;
pub(crate) mod streams;
