//! Messages: what is sent to receivers about an alert.
//!
//! [`content`] collects the content when a notification is created: the values, the [`trend`], the
//! [`fault`], [`exemplars`], links and first steps. [`words`] has the sentences, [`first`] what to do first.
//! [`render`] renders it with templates, and [`fit`] leaves parts out when a message is too long for its
//! receiver. [`samples`] has a notification for each cause.

pub(crate) mod content;
mod exemplars;
pub(crate) mod fault;
mod first;
pub(crate) mod fit;
pub(crate) mod render;
pub(crate) mod samples;
pub(crate) mod summary;
pub(crate) mod trend;
pub mod units;
pub(crate) mod words;
