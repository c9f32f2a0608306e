//! JSON in and out: the bodies of requests and answers, and how they are made from and into the types of the
//! other crates.

pub(crate) mod alerting;
pub(crate) mod health;
pub(crate) mod keys;
pub(crate) mod number;
pub(crate) mod push;
pub(crate) mod query;
pub(crate) mod rows;
pub(crate) mod time;

pub(crate) use plimsoll_alerting::excerpt;
