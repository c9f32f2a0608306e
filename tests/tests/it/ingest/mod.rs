//! Ingest: pushes in every format, bad input, idempotency, limits of streams, and imports.

mod bad_input;
mod idempotency;
mod import;
mod push;
mod streams;
