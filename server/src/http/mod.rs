//! The HTTP API: one file a resource, with its calls, their parameters and their handlers.

mod alerting;
mod body;
mod call;
mod calls;
mod openapi;
mod params;
mod push;
mod query;
mod reply;
mod router;
mod server;
mod trace;

pub(crate) use router::router;
