//! Who may do what: the names of this server, keys with their scopes and partners, and who asks. It knows
//! neither routes nor requests.

mod caller;
mod grant;
mod hosts;
mod keys;
mod scope;
mod secret;

pub(crate) use caller::Caller;
pub(crate) use grant::{Grant, GrantError};
pub(crate) use hosts::Hosts;
pub(crate) use keys::{Denied, Key, Keys, KeysError};
pub(crate) use scope::{Scope, Scopes};
pub(crate) use secret::generate_text as generate_key;
