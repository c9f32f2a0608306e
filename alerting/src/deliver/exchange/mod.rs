//! One exchange with a receiver: HTTP requests, the guard against private addresses, and what the
//! answer means.

pub(super) mod guard;
pub(super) mod http;
pub(super) mod outcome;
pub(super) mod redact;
