//! JSON twins of the domain's types, in both directions. Only this module and `api` know JSON.

pub(crate) mod alert;
pub(crate) mod answer;
pub(crate) mod baseline;
pub(crate) mod delivery;
pub(crate) mod exemplar;
pub(crate) mod explain;
pub(crate) mod gauge;
pub(crate) mod grid;
pub(crate) mod item;
pub(crate) mod latency;
pub(crate) mod matcher;
pub(crate) mod noise;
pub(crate) mod outcomes;
pub(crate) mod param;
pub(crate) mod partner;
pub(crate) mod push;
pub(crate) mod question;
pub(crate) mod repair;
pub(crate) mod rows;
pub(crate) mod scalar;
pub(crate) mod series;
pub(crate) mod silence;
pub(crate) mod time;
