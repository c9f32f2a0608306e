//! RocksDB: families, keys, merging, tables and what was found damaged.

pub(crate) mod damage;
pub(crate) mod database;
pub(crate) mod key;
pub(crate) mod merge;
pub(crate) mod schema;
pub(crate) mod tables;
