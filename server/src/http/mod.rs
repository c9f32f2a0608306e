//! The HTTP API: one file a resource, with its calls, their parameters and their handlers.

mod alerting;
mod answers;
mod authorize;
mod body;
mod browser;
mod call;
mod calls;
mod openapi;
mod pages;
mod params;
mod partners;
mod push;
mod query;
mod reply;
mod router;
mod server;
mod trace;

pub(crate) use router::router;

/// Reads a query string as the parameters of every query, for the fuzz target.
#[cfg(fuzzing)]
pub(crate) fn read_query(query: &str) -> Result<(), crate::error::ApiError> {
    use plimsoll_storage::{SlotWidth, TimestampMs};

    let clock =
        params::grid::SlotClock { now: TimestampMs(1_795_201_490_000), width: SlotWidth::DEFAULT };
    query::read_all(params::Params::new(Some(query))?, clock)
}
