//! Streams and their ids: the catalog, its index by label values, the matchers that select streams and
//! their notation, and how a stream's definition is encoded.

mod index;
mod matcher;
mod notation;
mod record;
mod streams;

pub use matcher::{LabelMatchers, Matcher, Pattern, PatternError};
pub use notation::{SelectorError, stream_name};

pub(crate) use record::{decode_stream, encode_stream};
pub(crate) use streams::Catalog;
