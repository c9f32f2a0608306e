//! Connections: how many there may be, how long clients may take, and how they end when the server stops.
//!
//! A connection that waits for a request is a socket and a small task; the buffers of HTTP exist only from
//! the first byte of a request to the last byte of its answer. When all places are taken, the connection
//! that has had no request for the longest time makes room; one with a request is never closed for that.

mod activity;
mod answer_body;
mod connection;
mod discard;
mod files;
mod limits;
mod listen;
mod pace;
mod request_body;
mod socket;
mod table;

pub(crate) use files::raise_limit;
pub(crate) use limits::{ConnectionLimits, ConnectionNumbers};
pub(crate) use listen::{bind, serve};
pub(crate) use request_body::BodyTooSlow;
