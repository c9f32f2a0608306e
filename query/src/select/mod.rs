//! What a query asks for: which streams, at which times, at what cost, and on how many threads.

mod budget;
mod error;
mod grid;
mod parallel;
mod selector;

pub(crate) use budget::check_numbers;
pub use budget::{Budget, Meter};
pub use error::{Error, Result, not_whole_slots};
pub use grid::Grid;
pub use parallel::parallel_map;
pub(crate) use selector::with_keys;
pub use selector::{Group, Selector, Series, groups};
