//! Ingest: pushes in every format, bad input, idempotency and imports.

mod bad_input;
mod idempotency;
mod import;
mod push;
