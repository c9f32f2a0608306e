//! The API as a whole: its description and the examples of its documentation.

mod description;
mod errors;
pub(crate) mod examples;
mod tables;
