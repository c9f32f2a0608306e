//! Admission control: how many requests are worked on at once and how much memory they take. A request that
//! finds no room is rejected with 503, so that the server stays responsive under load.

mod bodies;
mod queries;

pub(crate) use bodies::{BodyMemory, HeavyBodies, Reserved};
pub(crate) use queries::{Queries, QueryLimits};
