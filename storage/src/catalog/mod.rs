//! Streams and their ids: the catalog, its index by label values, the matchers that select streams and
//! their notation, how a stream's definition is encoded, and how many streams each partner may have.

mod cardinality;
mod index;
mod matcher;
mod notation;
mod pending;
mod places;
mod record;
mod shares;
mod steps;
mod streams;
mod symbols;

pub use cardinality::{Cardinality, ValueCounts};
pub use matcher::{LabelMatchers, Matcher, Pattern, PatternError};
pub use notation::{SelectorError, stream_name};
pub use steps::Steps;

pub(crate) use pending::{Pending, Reservation};
pub(crate) use record::{FORGOTTEN, SentTimes, decode_stream, encode_stream};
pub(crate) use shares::Shares;
pub(crate) use streams::Catalog;
