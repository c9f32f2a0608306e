//! What is stored: alerts, the states of groups, silences, acknowledgements, deliveries and the outbox.
//!
//! Each module documents its table and its keys. All rows are encoded as `row` describes.

pub mod acknowledgement;
pub mod alerts;
pub(crate) mod checkpoint;
pub(crate) mod delivery;
pub mod ledger;
pub(crate) mod muted_by;
pub(crate) mod notify_status;
pub mod outbox;
pub(crate) mod row;
pub mod silence;
pub(crate) mod state;
