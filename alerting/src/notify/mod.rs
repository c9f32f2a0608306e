//! Who is notified of what. Everything here is pure: plain values in, plain values out.

pub(crate) mod due;
pub(crate) mod escalate;
pub(crate) mod grouping;
pub(crate) mod mute;
pub(crate) mod release;
pub(crate) mod reminder;
